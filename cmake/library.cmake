# luma_library(NAME folder DEPS ...): every .cc/.c file of the current folder (tests excluded) becomes
# the static library NAME. DEPS lists the LumaDB libraries whose headers it may include; tools/tidy.py
# reads the same list and refuses an include that is not covered. EXTERNAL lists third-party targets.
#
# Every foo_test.cc beside the sources goes into the executable NAME_test and is run by ctest.
function(luma_library)
  cmake_parse_arguments(ARG "" "NAME" "DEPS;EXTERNAL;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  list(REMOVE_ITEM sources ${tests} "")
  if(sources)
    add_library(${ARG_NAME} STATIC ${sources})
    target_include_directories(${ARG_NAME} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${ARG_NAME} PUBLIC ${ARG_DEPS} fmt::fmt PRIVATE ${ARG_EXTERNAL})
    if(TARGET luma_pch)
      target_precompile_headers(${ARG_NAME} REUSE_FROM luma_pch)
    endif()
  else()
    add_library(${ARG_NAME} INTERFACE)
    target_include_directories(${ARG_NAME} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${ARG_NAME} INTERFACE ${ARG_DEPS} fmt::fmt)
  endif()
  if(tests)
    add_executable(${ARG_NAME}_test ${tests})
    target_link_libraries(${ARG_NAME}_test PRIVATE ${ARG_NAME} ${ARG_TEST_DEPS} ${ARG_EXTERNAL} luma_catch_main)
    if(TARGET luma_pch)
      target_precompile_headers(${ARG_NAME}_test REUSE_FROM luma_pch)
      # Executables get -fPIE, which the shared precompiled header was not made with.
      target_compile_options(${ARG_NAME}_test PRIVATE -fPIC)
    endif()
    add_test(NAME ${ARG_NAME}_test COMMAND ${ARG_NAME}_test)
  endif()
endfunction()
