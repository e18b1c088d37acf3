# Many host threads in one enclave: the real image, a guest compiled by the test.
find_program(TWINE_WAT2WASM wat2wasm)
if(TARGET twine-enclave AND TWINE_WAT2WASM)
  set(threads_guest ${CMAKE_CURRENT_BINARY_DIR}/threads_guest.wasm)
  add_custom_command(
    OUTPUT ${threads_guest}
    COMMAND ${TWINE_WAT2WASM} ${CMAKE_CURRENT_SOURCE_DIR}/adversarial/threads_guest.wat -o ${threads_guest}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/adversarial/threads_guest.wat
    VERBATIM)
  twine_test(threads_test SOURCES adversarial/threads_test.cc ${threads_guest} LIBRARIES twine_c)
  target_include_directories(threads_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  add_dependencies(threads_test twine-enclave-signature)
  target_compile_definitions(threads_test PRIVATE
    TWINE_ENCLAVE_IMAGE="$<TARGET_FILE:twine-enclave>" TWINE_THREADS_GUEST="${threads_guest}")
endif()
