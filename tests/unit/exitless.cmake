# Both halves of a call without an exit: the enclave's door, with a host that serves its arena from a second thread.
twine_test(exitless_test SOURCES unit/exitless_test.cc LIBRARIES twine_enclave_hostcall twine_services)
