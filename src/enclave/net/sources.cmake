twine_enclave_sources(policy.cc socket.cc)
