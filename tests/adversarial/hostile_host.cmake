twine_test(hostile_host_test SOURCES adversarial/hostile_host_test.cc LIBRARIES twine_enclave_wasi twine_services)

# The same as a long, random run: scripts/hostile-host.sh.
add_executable(hostile_host adversarial/hostile_host.cc adversarial/hostile_run.cc adversarial/hostile_door.cc adversarial/hostile_program.cc adversarial/lies.cc adversarial/network_stand_in.cc)
target_compile_options(hostile_host PRIVATE ${TWINE_WARNINGS})
target_include_directories(hostile_host PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)
target_link_libraries(hostile_host PRIVATE twine_enclave_wasi twine_services)
set_target_properties(hostile_host PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# And against the real image on the software SGX, with a guest that watches.
if(TARGET twine-enclave)
  include(${PROJECT_SOURCE_DIR}/cmake/guest.cmake)
  set(hostile_guest_module ${CMAKE_CURRENT_BINARY_DIR}/hostile_guest.wasm)
  twine_guest(hostile_guest OUTPUT ${hostile_guest_module} SOURCES adversarial/hostile_guest.c HEADERS net/socket_extension.h
    OPTIONS -I${CMAKE_CURRENT_SOURCE_DIR})
  add_executable(hostile_launches adversarial/hostile_launches.cc adversarial/hostile_run.cc adversarial/attacked_launch.cc adversarial/lies.cc adversarial/network_stand_in.cc)
  target_compile_options(hostile_launches PRIVATE ${TWINE_WARNINGS})
  target_compile_definitions(hostile_launches PRIVATE
    TWINE_ENCLAVE_IMAGE="$<TARGET_FILE:twine-enclave>" TWINE_ATTACKED_GUEST="${hostile_guest_module}")
  target_include_directories(hostile_launches PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/adversarial)
  target_link_libraries(hostile_launches PRIVATE twine_launch GTest::gtest)
  add_dependencies(hostile_launches hostile_guest twine-enclave)
  set_target_properties(hostile_launches PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()
