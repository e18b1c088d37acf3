# A hostile host against the entry code: needs the image, so not in the sanitizers' build. Of the launch library only the page service
# is wanted, and not the compiler that comes with it.
if(TARGET twine-enclave)
  twine_test(enclave_entry_test
    SOURCES adversarial/enclave_entry_test.cc adversarial/garbage_entry.S
      ${PROJECT_SOURCE_DIR}/src/host/launch/pages.cc ${PROJECT_SOURCE_DIR}/src/host/launch/thread_slots.cc
    LIBRARIES twine_loader twine_services twine_emulator twine_manifest)
  target_include_directories(enclave_entry_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)
  add_dependencies(enclave_entry_test twine-enclave)
  target_compile_definitions(enclave_entry_test PRIVATE TWINE_ENCLAVE_IMAGE="$<TARGET_FILE:twine-enclave>")
endif()
