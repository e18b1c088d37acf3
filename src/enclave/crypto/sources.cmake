twine_enclave_sources(crypto.cc sealed_blob.cc sodium_platform.cc)
