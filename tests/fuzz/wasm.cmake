twine_fuzz_target(wasm_loader_fuzz SOURCES fuzz/wasm_loader_fuzz.cc LIBRARIES twine_wasm)
if(TARGET wasm_loader_fuzz) # a short run with a fixed seed; long runs are for people and CI
  add_test(NAME wasm_loader_fuzz COMMAND wasm_loader_fuzz -runs=50000 -seed=1 -max_len=512)
endif()
