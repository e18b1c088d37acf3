twine_enclave_sources(cxx_support.cc image_note.cc relocate.cc start.cc)
