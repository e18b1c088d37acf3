# The SDM's checks, leaf by leaf, against the software SGX's leaf functions.
twine_library(twine_emulator_leaf_world
  SOURCES unit/emulator_leaf_world.cc
  LIBRARIES twine_emulator twine_image GTest::gtest)
target_include_directories(twine_emulator_leaf_world PUBLIC ${CMAKE_CURRENT_LIST_DIR})
twine_test(emulator_leaf_table_test
  SOURCES unit/emulator_leaf_table_test.cc unit/emulator_leaf_table_accept.cc unit/emulator_leaf_table_building.cc
          unit/emulator_leaf_table_einit.cc unit/emulator_leaf_table_entry.cc unit/emulator_leaf_table_exit.cc
          unit/emulator_leaf_table_keys.cc unit/emulator_leaf_table_pages.cc
  LIBRARIES twine_emulator_leaf_world)
target_compile_definitions(emulator_leaf_table_test PRIVATE
  TWINE_LEAF_TABLE_DOCUMENT="${PROJECT_SOURCE_DIR}/docs/emulation-leaves.md")

# What keys and measurements depend on.
twine_test(emulator_keys_matrix_test
  SOURCES unit/emulator_key_matrix_test.cc unit/emulator_measurement_test.cc
  LIBRARIES twine_emulator_leaf_world)
target_compile_definitions(emulator_keys_matrix_test PRIVATE
  TWINE_MRENCLAVE_SCRIPT="${PROJECT_SOURCE_DIR}/tests/tools/mrenclave.py")
