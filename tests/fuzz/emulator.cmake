# The fuzz target takes the leaf table's enclave, which unit/emulator_leaf_table.cmake defines before.
twine_fuzz_target(emulator_leaves_fuzz SOURCES fuzz/emulator_leaves_fuzz.cc LIBRARIES twine_emulator_leaf_world)
if(TWINE_SANITIZE)
  target_include_directories(emulator_leaves_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/tests)
endif()
