twine_test(sgx_test SOURCES unit/sgx_thread_test.cc LIBRARIES twine_sgx)
