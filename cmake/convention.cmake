# The rules of the tree, said once: what a library, a program and a test are made of, and with which flags.
add_library(pipeline_flags INTERFACE)
target_include_directories(pipeline_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
target_compile_definitions(pipeline_flags INTERFACE PIPELINE_VERSION="${PROJECT_VERSION}" SPDLOG_FMT_EXTERNAL)
target_compile_options(pipeline_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wnon-virtual-dtor -Woverloaded-virtual -Wshadow
  # gcc 12 reports these inside the standard library's own inlined strings (GCC bugs 105329, 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>)
target_link_libraries(pipeline_flags INTERFACE Threads::Threads)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(pipeline_flags INTERFACE -msse4.2)  # CRC-32C in hardware
endif()
if(PIPELINE_SANITIZE)
  target_compile_options(pipeline_flags INTERFACE -fsanitize=${PIPELINE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(pipeline_flags INTERFACE -fsanitize=${PIPELINE_SANITIZE})
endif()

# pipeline_library(NAME FOLDER DEPENDENCIES...): all of FOLDER's .cc but main.cc.
function(pipeline_library name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC pipeline_flags ${ARGN})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE pipeline_flags ${ARGN})
  endif()
endfunction()

# pipeline_program(NAME MAIN DEPENDENCIES...): an installed program.
function(pipeline_program name main)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${main})
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${ARGN})
    install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# pipeline_test(NAME FOLDER DEPENDENCIES...): all of tests/FOLDER's .cc in one binary, one line of ctest's closing lines.
# Tests that run the programs find them beside themselves (bin/).
function(pipeline_test name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cc)
  if(sources)
    add_executable(${name} ${sources})
    # A folder with a main.cc of its own (a test program that re-executes itself) brings its own main().
    set(gtest_main GTest::gmock_main)
    if(EXISTS ${CMAKE_SOURCE_DIR}/tests/${folder}/main.cc)
      set(gtest_main GTest::gmock)
    endif()
    target_link_libraries(${name} PRIVATE ${ARGN} pipeline_flags rapidcheck ${gtest_main})
    target_compile_definitions(${name} PRIVATE PIPELINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PIPELINE_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
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
