# Golden tests of the WebAssembly loader: one file each in golden/wasm, read at run time.
find_program(TWINE_WAT2WASM wat2wasm)
if(TWINE_WAT2WASM)
  twine_test(wasm_golden SOURCES golden/wasm_golden.cc LIBRARIES twine_wasm)
  target_compile_definitions(wasm_golden PRIVATE
    TWINE_GOLDEN_DIRECTORY="${CMAKE_CURRENT_SOURCE_DIR}/golden/wasm" TWINE_WAT2WASM="${TWINE_WAT2WASM}")
else()
  message(STATUS "wasm_golden left out: needs wat2wasm (package wabt)")
endif()
