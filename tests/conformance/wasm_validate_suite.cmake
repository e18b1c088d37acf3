# The specification's test suite against decoder and validator. Its files are not part of the repository.
set(TWINE_WASM_SPEC_TESTS ${PROJECT_SOURCE_DIR}/../shared/conformance/wasm-spec-2.0 CACHE PATH
    "Directory with the .wast files of the WebAssembly 2.0 test suite")
find_program(TWINE_WAST2JSON wast2json)
if(EXISTS ${TWINE_WASM_SPEC_TESTS} AND TWINE_WAST2JSON)
  twine_test(wasm_validate_suite SOURCES conformance/wasm_validate_suite.cc LIBRARIES twine_wasm)
  target_compile_definitions(wasm_validate_suite PRIVATE
    TWINE_WASM_SPEC_TESTS="${TWINE_WASM_SPEC_TESTS}" TWINE_WAST2JSON="${TWINE_WAST2JSON}")
else()
  message(STATUS "wasm_validate_suite left out: needs wast2json (package wabt) and TWINE_WASM_SPEC_TESTS")
endif()
