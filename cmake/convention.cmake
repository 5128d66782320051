# The rules of the tree, said once: what a library, a program and a test are made of, and with which flags.
add_library(pipeline_flags INTERFACE)
target_include_directories(pipeline_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
target_compile_definitions(pipeline_flags INTERFACE PIPELINE_VERSION="${PROJECT_VERSION}" SPDLOG_FMT_EXTERNAL)
target_compile_options(pipeline_flags INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${PIPELINE_STRICT}>:-Werror> -Wnon-virtual-dtor -Woverloaded-virtual -Wshadow
  # gcc 12 reports these inside the standard library's own inlined strings (GCC bugs 105329, 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>
  # Holds the sources to what they say of locks (common/mutex.h).
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
target_link_libraries(pipeline_flags INTERFACE Threads::Threads)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(pipeline_flags INTERFACE -msse4.2)  # CRC-32C in hardware
endif()
if(PIPELINE_SANITIZE)
  target_compile_options(pipeline_flags INTERFACE -fsanitize=${PIPELINE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(pipeline_flags INTERFACE -fsanitize=${PIPELINE_SANITIZE})
endif()
# What the sanitizers are told in every test, and through it in every program that a test starts.
set(PIPELINE_TEST_ENVIRONMENT "")
if(PIPELINE_SANITIZE STREQUAL "thread")
  # The suppressions name functions and files, so there must be somebody to tell them.
  # Tests of signals fork a child for each, also after a test whose thread goes on (the log's).
  find_program(LLVM_SYMBOLIZER NAMES llvm-symbolizer-16 llvm-symbolizer REQUIRED)
  set(PIPELINE_TEST_ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/ci/tsan.supp:external_symbolizer_path=${LLVM_SYMBOLIZER}:exitcode=66:second_deadlock_stack=1:die_after_fork=0")
elseif(PIPELINE_SANITIZE)
  find_program(LLVM_SYMBOLIZER NAMES llvm-symbolizer-16 llvm-symbolizer REQUIRED)
  set(PIPELINE_TEST_ENVIRONMENT "ASAN_SYMBOLIZER_PATH=${LLVM_SYMBOLIZER}" "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:exitcode=66"
    "UBSAN_OPTIONS=print_stacktrace=1" "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/ci/lsan.supp:print_suppressions=0")
endif()

# The headers that some source includes before anything else: that they compile by themselves is shown with each build.
set(PIPELINE_FIRST_INCLUDES "")
if(PIPELINE_STRICT AND NOT PIPELINE_SANITIZE)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*.cc ${CMAKE_SOURCE_DIR}/harness/*.cc ${CMAKE_SOURCE_DIR}/tests/*.cc)
  foreach(source ${sources})
    file(STRINGS ${source} first LIMIT_COUNT 1 REGEX "^#include ")
    if(first MATCHES "\"(.+)\"")
      list(APPEND PIPELINE_FIRST_INCLUDES ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(JOIN PIPELINE_FIRST_INCLUDES "\n" lines)
  file(WRITE ${CMAKE_BINARY_DIR}/first_includes "${lines}\n")
endif()

# pipeline_headers(NAME FOLDER DEPENDENCIES...): what headers_test compiles, each header of FOLDER and its rooms by itself,
# unless a source does that already. FOLDER may be a single header.
function(pipeline_headers name folder)
  if(folder MATCHES "\\.h$")
    set(headers ${CMAKE_SOURCE_DIR}/${folder})
  else()
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.h)
  endif()
  foreach(header ${headers})
    file(RELATIVE_PATH in_tree ${CMAKE_SOURCE_DIR} ${header})
    string(REGEX REPLACE "^src/" "" in_src ${in_tree})
    if(in_tree IN_LIST PIPELINE_FIRST_INCLUDES OR in_src IN_LIST PIPELINE_FIRST_INCLUDES)
      list(REMOVE_ITEM headers ${header})
    endif()
  endforeach()
  if(headers AND PIPELINE_STRICT AND NOT PIPELINE_SANITIZE)
    add_library(${name}_headers INTERFACE)
    target_sources(${name}_headers INTERFACE FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${headers})
    target_link_libraries(${name}_headers INTERFACE ${ARGN} pipeline_flags)
    set_target_properties(${name}_headers PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
endfunction()

# pipeline_library(NAME FOLDER DEPENDENCIES...): all .cc of FOLDER and its rooms, but main.cc.
function(pipeline_library name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC pipeline_flags ${ARGN})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE pipeline_flags ${ARGN})
  endif()
  pipeline_headers(${name} ${folder} ${ARGN})
endfunction()

# pipeline_executable(NAME SOURCES...): every program of the tree is made by this.
if(PIPELINE_SANITIZE STREQUAL "thread")
  # What the packaged libraries' threads and locks do, told to ThreadSanitizer.
  add_library(tsan_order OBJECT ${CMAKE_SOURCE_DIR}/tests/tsan/c11_threads.cc ${CMAKE_SOURCE_DIR}/tests/tsan/grpc_order.cc)
  target_link_libraries(tsan_order PRIVATE pipeline_flags)
endif()
function(pipeline_executable name)
  add_executable(${name} ${ARGN} $<$<TARGET_EXISTS:tsan_order>:$<TARGET_OBJECTS:tsan_order>>)
endfunction()

# pipeline_program(NAME MAIN DEPENDENCIES...): an installed program.
function(pipeline_program name main)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${main})
    pipeline_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${ARGN})
    install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# Where the sources and programs are, for tests (tests/paths.h says why not as a definition).
set(SOURCE_DIR ${CMAKE_SOURCE_DIR})
set(BIN_DIR ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
configure_file(${CMAKE_SOURCE_DIR}/tests/paths.cc.in ${CMAKE_BINARY_DIR}/generated/test_paths.cc @ONLY)
add_library(test_paths STATIC ${CMAKE_BINARY_DIR}/generated/test_paths.cc)
target_link_libraries(test_paths PRIVATE pipeline_flags)
target_compile_options(test_paths INTERFACE "SHELL:-include tests/paths.h")

# pipeline_test(NAME FOLDER DEPENDENCIES...): all of tests/FOLDER's .cc in one binary, one line of ctest's closing lines.
# Tests that run the programs find them beside themselves (bin/).
function(pipeline_test name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cc)
  if(sources)
    pipeline_executable(${name} ${sources})
    # A folder with a main.cc of its own (a test program that re-executes itself) brings its own main().
    set(gtest_main GTest::gmock_main)
    if(EXISTS ${CMAKE_SOURCE_DIR}/tests/${folder}/main.cc)
      set(gtest_main GTest::gmock)
    endif()
    target_link_libraries(${name} PRIVATE ${ARGN} pipeline_flags test_paths rapidcheck ${gtest_main})
    pipeline_headers(${name} tests/${folder} ${ARGN} test_paths rapidcheck ${gtest_main})
    # The macros of tests take the optimiser a fifth of the compile time, and nothing of what they test is slower for it.
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
    if(PIPELINE_SANITIZE)
      # What is tested stays optimised; compiling the tests' templates with a sanitizer takes twice as long with -O1.
      target_compile_options(${name} PRIVATE -O0)
    endif()
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 ENVIRONMENT "${PIPELINE_TEST_ENVIRONMENT}")
    # Tests that run whole systems have the machine to themselves.
    if(folder STREQUAL "scenarios")
      set_tests_properties(${name} PROPERTIES RUN_SERIAL ON TIMEOUT 1500)
    endif()
  endif()
endfunction()

# pipeline_test_program(NAME SOURCE DEPENDENCIES...): a program that tests run, never installed. SOURCE is relative to tests/.
function(pipeline_test_program name source)
  pipeline_executable(${name} ${CMAKE_SOURCE_DIR}/tests/${source})
  target_link_libraries(${name} PRIVATE ${ARGN} pipeline_flags)
endfunction()

# pipeline_benchmark(NAME FOLDER DEPENDENCIES...): all of benchmarks/FOLDER's .cc in one program, never installed. As a test
# each benchmark runs once, to see that it still does.
function(pipeline_benchmark name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/benchmarks/${folder}/*.cc)
  pipeline_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARGN} pipeline_flags benchmark::benchmark_main)
  pipeline_headers(${name} benchmarks/${folder} ${ARGN} benchmark::benchmark)
  if(NOT PIPELINE_SANITIZE)
    add_test(NAME ${name} COMMAND ${name} --benchmark_min_time=0)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 FAIL_REGULAR_EXPRESSION "ERROR OCCURRED")
  endif()
endfunction()

# pipeline_fuzzer(NAME SOURCE DEPENDENCIES...): a libFuzzer target; tests/fuzz/corpus/NAME is its seed corpus.
function(pipeline_fuzzer name source)
  if(PIPELINE_FUZZERS)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${ARGN} pipeline_flags)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()
