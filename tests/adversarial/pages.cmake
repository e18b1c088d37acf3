# A hostile host against the enclave's pages: the real image, a guest compiled by the test, and the emulator's leaves as root's ENCLS.
find_program(TWINE_WAT2WASM wat2wasm)
if(TARGET twine-enclave AND TWINE_WAT2WASM)
  set(pages_guest ${CMAKE_CURRENT_BINARY_DIR}/pages_guest.wasm)
  add_custom_command(
    OUTPUT ${pages_guest}
    COMMAND ${TWINE_WAT2WASM} ${CMAKE_CURRENT_SOURCE_DIR}/adversarial/pages_guest.wat -o ${pages_guest}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/adversarial/pages_guest.wat
    VERBATIM)
  twine_test(pages_host_test
    SOURCES adversarial/pages_host_test.cc adversarial/attacked_launch.cc ${pages_guest}
    LIBRARIES twine_launch GTest::gmock)
  add_dependencies(pages_host_test twine-enclave)
  target_include_directories(pages_host_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)
  target_compile_definitions(pages_host_test PRIVATE
    TWINE_ENCLAVE_IMAGE="$<TARGET_FILE:twine-enclave>" TWINE_ATTACKED_GUEST="${pages_guest}")
endif()
