twine_enclave_sources(image_note.cc)
