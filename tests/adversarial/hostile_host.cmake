twine_test(hostile_host_test SOURCES adversarial/hostile_host_test.cc LIBRARIES twine_enclave_wasi twine_services)

# The same as a long, random run: scripts/hostile-host.sh.
add_executable(hostile_host adversarial/hostile_host.cc adversarial/hostile_door.cc adversarial/hostile_program.cc adversarial/lies.cc)
target_compile_options(hostile_host PRIVATE ${TWINE_WARNINGS})
target_include_directories(hostile_host PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)
target_link_libraries(hostile_host PRIVATE twine_enclave_wasi twine_services)
set_target_properties(hostile_host PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
