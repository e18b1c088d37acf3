twine_test(image_test
  SOURCES unit/image_elf_test.cc unit/image_lint_test.cc unit/image_measurement_test.cc unit/image_sigstruct_test.cc unit/image_signing_key_test.cc
  LIBRARIES twine_image)
target_compile_definitions(image_test PRIVATE
  TWINE_MRENCLAVE_SCRIPT="${PROJECT_SOURCE_DIR}/tests/tools/mrenclave.py"
  TWINE_SIGSTRUCTS="${PROJECT_SOURCE_DIR}/../shared/conformance/sgx-sigstruct")
target_include_directories(image_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
