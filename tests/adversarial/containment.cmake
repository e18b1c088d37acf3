twine_test(containment_test
  SOURCES adversarial/containment_test.cc adversarial/ways_out.cc adversarial/subverted_calls.cc
  LIBRARIES twine_enclave_wasi twine_services)
target_include_directories(containment_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)

# For scripts/containment.sh. Never installed.
add_executable(subverted_enclave adversarial/subverted_enclave.cc adversarial/ways_out.cc adversarial/subverted_calls.cc)
target_compile_options(subverted_enclave PRIVATE ${TWINE_WARNINGS})
target_include_directories(subverted_enclave PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)
target_link_libraries(subverted_enclave PRIVATE twine_enclave_hostcall twine_services twine_confine)
set_target_properties(subverted_enclave PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
