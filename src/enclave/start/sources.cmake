twine_enclave_sources(cxx_support.cc image_note.cc no_runtime.cc relocate.cc start.cc)
