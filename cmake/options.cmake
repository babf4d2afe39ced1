# Compiler settings that hold for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# A static library compiles without waiting for the libraries it will be linked with.
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Rows per vector. 2 makes every operator cross chunk borders, which tests use to find off-by-ones.
set(LUMA_VECTOR_SIZE 2048 CACHE STRING "Rows per vector chunk")
set(LUMA_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined' or 'thread'")

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

add_compile_definitions(LUMA_VECTOR_SIZE=${LUMA_VECTOR_SIZE})
add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers -fno-omit-frame-pointer)

if(LUMA_SANITIZE)
  add_compile_options(-fsanitize=${LUMA_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LUMA_SANITIZE})
  # GCC's flow analysis reports false positives in instrumented code.
  add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
endif()

find_program(LUMA_MOLD mold)
if(LUMA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(LUMA_CCACHE ccache)
if(LUMA_CCACHE)
  # Precompiled headers and __DATE__ style macros would otherwise make every compile a miss.
  set(LUMA_CCACHE_ENV CCACHE_SLOPPINESS=pch_defines,time_macros)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env ${LUMA_CCACHE_ENV} ${LUMA_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env ${LUMA_CCACHE_ENV} ${LUMA_CCACHE})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()
