# Everything comes from the distribution's packages; ci/packages.txt lists them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(mimalloc CONFIG REQUIRED)
find_package(GTest CONFIG REQUIRED)
find_package(rapidcheck CONFIG REQUIRED)
find_package(benchmark CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_path(RAPIDJSON_INCLUDE_DIR rapidjson/schema.h REQUIRED)
find_path(DYGRAPHS_DIR dygraph.min.js PATHS /usr/share/javascript/dygraphs /usr/share/nodejs/dygraphs/dist REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

add_library(rdkafka ALIAS PkgConfig::RDKAFKA)
add_library(xxhash ALIAS PkgConfig::XXHASH)
add_library(lz4 ALIAS PkgConfig::LZ4)
add_library(zlib ALIAS ZLIB::ZLIB)
add_library(utf8proc ALIAS PkgConfig::UTF8PROC)
add_library(rapidjson INTERFACE)
target_include_directories(rapidjson SYSTEM INTERFACE ${RAPIDJSON_INCLUDE_DIR})
add_library(grpc_reflection INTERFACE)
target_link_libraries(grpc_reflection INTERFACE -Wl,--no-as-needed gRPC::grpc++_reflection -Wl,--as-needed)
# The heap of the pipeline's programs: takes the place of malloc and operator new when it is linked, and nothing refers to it.
# What librdkafka's threads allocate for a record ours free, which costs glibc's heap a third of the server's time
# (docs/performance.md). Sanitizers bring a heap of their own.
add_library(heap INTERFACE)
if(NOT PIPELINE_SANITIZE)
  target_link_libraries(heap INTERFACE "-Wl,--push-state,--no-as-needed,-lmimalloc,--pop-state")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The base directory makes a second clone, and a second build tree, hit what the first one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime CCACHE_PCH_EXTSUM=1 ${CCACHE_PROGRAM})
endif()
