# Third-party libraries, all Debian 12 packages (see tools/packages.txt).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)

function(luma_external NAME)
  cmake_parse_arguments(ARG "" "" "INCLUDES;LIBRARIES" ${ARGN})
  add_library(${NAME} INTERFACE)
  target_include_directories(${NAME} SYSTEM INTERFACE ${ARG_INCLUDES})
  target_link_libraries(${NAME} INTERFACE ${ARG_LIBRARIES})
endfunction()

luma_external(ext_rocksdb LIBRARIES rocksdb)
luma_external(ext_pg_query INCLUDES /usr/include/postgresql/15/server LIBRARIES pg_query)
luma_external(ext_re2 LIBRARIES re2)
luma_external(ext_pcre2 LIBRARIES pcre2-8)
luma_external(ext_stemmer LIBRARIES stemmer)
luma_external(ext_icu LIBRARIES icui18n icuuc)
luma_external(ext_xml2 INCLUDES /usr/include/libxml2 LIBRARIES xml2)
luma_external(ext_date_tz LIBRARIES date-tz)
luma_external(ext_openssl LIBRARIES OpenSSL::SSL OpenSSL::Crypto)
luma_external(ext_asio LIBRARIES Threads::Threads)
luma_external(ext_spdlog LIBRARIES spdlog fmt::fmt)
luma_external(ext_pq INCLUDES /usr/include/postgresql LIBRARIES pq)
luma_external(ext_simdjson LIBRARIES simdjson)
luma_external(ext_xxhash LIBRARIES xxhash)
luma_external(ext_zstd LIBRARIES zstd)
luma_external(ext_uring LIBRARIES uring)

# One precompiled header for all libraries: the standard headers that nearly every file uses.
file(WRITE ${CMAKE_BINARY_DIR}/pch/luma_pch.cc "// Compiled once so that others reuse its precompiled header.\n")
add_library(luma_pch STATIC ${CMAKE_BINARY_DIR}/pch/luma_pch.cc)
target_link_libraries(luma_pch PUBLIC fmt::fmt)
target_precompile_headers(luma_pch PRIVATE
  <algorithm> <array> <atomic> <bit> <charconv> <chrono> <cmath> <condition_variable> <cstdint> <cstring>
  <deque> <functional> <limits> <map> <memory> <mutex> <optional> <set> <shared_mutex> <span> <string>
  <string_view> <thread> <tuple> <unordered_map> <unordered_set> <utility> <variant> <vector> <fmt/format.h>)

# Catch2's main is slow to compile: once.
file(WRITE ${CMAKE_BINARY_DIR}/pch/catch_main.cc "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
add_library(luma_catch_main STATIC EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/pch/catch_main.cc)
