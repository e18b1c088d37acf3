# Build rules shared by every directory.
#
#   twine_library(NAME [FREESTANDING] SOURCES ... LIBRARIES ...)  static library for the host; FREESTANDING code also goes
#                                                   into the enclave, so it is compiled without exceptions and RTTI here too
#   twine_test(NAME SOURCES ... LIBRARIES ...)      GoogleTest binary, one CTest case a TEST()
#   twine_fuzz_target(NAME SOURCES ... LIBRARIES ...) libFuzzer binary, only with TWINE_SANITIZE
include(GoogleTest)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

find_program(TWINE_CCACHE ccache)
if(TWINE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${TWINE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TWINE_CCACHE})
endif()

set(TWINE_WARNINGS -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion -Wimplicit-fallthrough -Wnon-virtual-dtor
                   -Wold-style-cast -Wunused -Wvla)
set(TWINE_FREESTANDING_OPTIONS -fno-exceptions -fno-rtti)

if(TWINE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
add_link_options(-fuse-ld=lld-19)

function(twine_library name)
  cmake_parse_arguments(ARG "FREESTANDING" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${TWINE_WARNINGS}>)
  if(ARG_FREESTANDING)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${TWINE_FREESTANDING_OPTIONS}>)
    if(TWINE_SANITIZE) # fuzz targets need coverage from the code they reach
      target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LIBRARIES})
endfunction()

function(twine_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${TWINE_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()

# Everything that scripts/fuzz.sh runs.
add_custom_target(fuzz-targets)

function(twine_fuzz_target name)
  if(NOT TWINE_SANITIZE)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${TWINE_WARNINGS} -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  add_dependencies(fuzz-targets ${name})
endfunction()
