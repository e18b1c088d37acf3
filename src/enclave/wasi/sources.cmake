twine_enclave_sources(arguments.cc clock.cc context.cc fd.cc fd_io.cc functions.cc path.cc poll.cc proc.cc random.cc
                      resource_table.cc sock.cc sock_extension.cc sock_options.cc unstable.cc)
