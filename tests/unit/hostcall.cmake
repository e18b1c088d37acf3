# The enclave's half of the door in a plain process.
add_library(twine_in_process_platform STATIC unit/in_process_platform.cc)
target_include_directories(twine_in_process_platform PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(twine_in_process_platform PRIVATE ${TWINE_WARNINGS})
target_link_libraries(twine_in_process_platform PUBLIC twine_common)

set(hostcall_directory ${PROJECT_SOURCE_DIR}/src/enclave/hostcall)
twine_library(twine_enclave_hostcall FREESTANDING
  SOURCES ${hostcall_directory}/clocks.cc ${hostcall_directory}/directory_entries.cc ${hostcall_directory}/exchange.cc ${hostcall_directory}/window.cc
          ${hostcall_directory}/handle.cc ${TWINE_HOSTCALL_GENERATED}/enclave/hostcall/hostcalls.cc
  LIBRARIES twine_common twine_in_process_platform)

twine_test(untrusted_test SOURCES unit/untrusted_test.cc LIBRARIES twine_common)
twine_test(hostcall_test SOURCES unit/hostcall_test.cc LIBRARIES twine_enclave_hostcall)
