twine_enclave_sources(cpu.cc cpu_start.cc sgx/accept.cc sgx/entry.S sgx/exception.cc sgx/identity.cc sgx/panic.cc sgx/random.cc sgx/thread.cc)
target_include_directories(twine-enclave PRIVATE ${PROJECT_SOURCE_DIR}/src)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/sgx/entry.S PROPERTIES
                            OBJECT_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/sgx/thread_offsets.h)
