# A hostile host against the entry code: needs the image, so not in the sanitizers' build. Of the launch library only the page service
# is wanted, and not the compiler that comes with it.
if(TARGET twine-enclave)
  twine_test(enclave_entry_test
    SOURCES adversarial/enclave_entry_test.cc ${PROJECT_SOURCE_DIR}/src/host/launch/pages.cc
    LIBRARIES twine_loader twine_services twine_emulator twine_manifest)
  add_dependencies(enclave_entry_test twine-enclave)
  target_compile_definitions(enclave_entry_test PRIVATE TWINE_ENCLAVE_IMAGE="$<TARGET_FILE:twine-enclave>")
endif()
