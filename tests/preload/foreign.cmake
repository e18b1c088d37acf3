# Programs that know nothing of Twine, on libtwine-sgx.so.
if(TWINE_SANITIZE) # the library is not built then
  return()
endif()
find_package(OpenSSL REQUIRED)
add_executable(preload_foreign preload/foreign.c preload/ioctl_errors.c preload/tiny.c preload/tiny_code.S)
target_compile_definitions(preload_foreign PRIVATE _GNU_SOURCE)
target_compile_options(preload_foreign PRIVATE $<$<COMPILE_LANGUAGE:C>:-std=gnu17;-Wall;-Wextra;-Werror>)
target_link_libraries(preload_foreign PRIVATE OpenSSL::Crypto)
set_target_properties(preload_foreign PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_dependencies(preload_foreign twine-sgx)
add_test(NAME Preload.AForeignProgramSeesALinuxMachineWithSgx COMMAND preload_foreign)
set_tests_properties(Preload.AForeignProgramSeesALinuxMachineWithSgx PROPERTIES
  ENVIRONMENT "LD_PRELOAD=$<TARGET_FILE:twine-sgx>;TWINE_SGX_EPC=64M" TIMEOUT 120)
