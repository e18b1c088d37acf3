twine_test(wasm_test
  SOURCES unit/wasm_reader_test.cc unit/wasm_operator_reader_test.cc unit/wasm_decoder_test.cc
          unit/wasm_validator_test.cc unit/wasm_constant_expression_test.cc unit/wasm_hostile_test.cc
  LIBRARIES twine_wasm)
