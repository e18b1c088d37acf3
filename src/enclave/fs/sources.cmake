twine_enclave_sources(path.cc host_stream.cc small_transfers.cc host_file.cc host_directory.cc memory_tree.cc memory_file.cc
                      memory_directory.cc)
