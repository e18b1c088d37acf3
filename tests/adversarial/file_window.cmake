# A file that is shown to the enclave and changes meanwhile: the real image and a WASI guest.
if(TARGET twine-enclave)
  include(${PROJECT_SOURCE_DIR}/cmake/guest.cmake)
  set(file_window_guest_module ${CMAKE_CURRENT_BINARY_DIR}/file_window_guest.wasm)
  twine_guest(file_window_guest OUTPUT ${file_window_guest_module} SOURCES adversarial/file_window_guest.c)
  twine_test(file_window_test
    SOURCES adversarial/file_window_test.cc adversarial/attacked_launch.cc
    LIBRARIES twine_launch)
  add_dependencies(file_window_test file_window_guest twine-enclave)
  target_include_directories(file_window_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)
  target_compile_definitions(file_window_test PRIVATE
    TWINE_ENCLAVE_IMAGE="$<TARGET_FILE:twine-enclave>" TWINE_ATTACKED_GUEST="${file_window_guest_module}")
endif()
