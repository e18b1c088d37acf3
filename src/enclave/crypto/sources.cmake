twine_enclave_sources(crypto.cc sodium_platform.cc)
