# The software SGX: leaf functions alone, and whole enclaves run through the driver interface.
twine_library(twine_emulator_test_enclave
  SOURCES unit/emulator_test_enclave.cc unit/emulator_enclave.S
  LIBRARIES twine_emulator twine_image GTest::gtest)
target_include_directories(twine_emulator_test_enclave PUBLIC ${CMAKE_CURRENT_LIST_DIR})
set_source_files_properties(unit/emulator_enclave.S PROPERTIES COMPILE_OPTIONS -mavx2)
twine_test(emulator_test
  SOURCES unit/emulator_einit_test.cc unit/emulator_epc_test.cc unit/emulator_entry_test.cc unit/emulator_instructions_test.cc unit/emulator_keys_test.cc unit/emulator_pages_test.cc
          unit/emulator_storm_test.cc
  LIBRARIES twine_emulator_test_enclave)
target_compile_definitions(emulator_test PRIVATE
  TWINE_SIGSTRUCTS="${PROJECT_SOURCE_DIR}/../shared/conformance/sgx-sigstruct")
