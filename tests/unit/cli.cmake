# The command line and what stands behind it. The tests that launch need the enclave image, which sanitizer builds lack.
twine_test(cli_test
  SOURCES unit/cli_cache_test.cc unit/cli_files_test.cc unit/cli_text_test.cc unit/cli_values_test.cc
  LIBRARIES twine_cli)

if(TARGET twine-enclave)
  twine_test(cli_program_test SOURCES unit/cli_program_test.cc LIBRARIES twine_common)
  target_compile_definitions(cli_program_test PRIVATE TWINE_BINARIES="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" TWINE_ISVSVN=${TWINE_ISVSVN})
  add_dependencies(cli_program_test twine twine-enclave-signature)

  # In C, because that is whom the interface is for.
  add_executable(cli_c_interface_test unit/cli_c_interface_test.c)
  target_compile_options(cli_c_interface_test PRIVATE -Wall -Wextra -Werror -Wconversion -Wstrict-prototypes)
  target_link_libraries(cli_c_interface_test PRIVATE twine_c)
  set_target_properties(cli_c_interface_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests LINKER_LANGUAGE CXX)
  add_dependencies(cli_c_interface_test twine-enclave-signature)
  add_test(NAME CInterface.RunsAModuleAndTellsWhatItDid
           COMMAND cli_c_interface_test ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/twine-enclave)
endif()
