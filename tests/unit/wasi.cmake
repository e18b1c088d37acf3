# The enclave's WASI and file systems in a plain process, answered by the host's services over an in-process arena.
set(fs_directory ${PROJECT_SOURCE_DIR}/src/enclave/fs)
twine_library(twine_enclave_fs FREESTANDING
  SOURCES ${fs_directory}/path.cc ${fs_directory}/host_directory.cc ${fs_directory}/host_file.cc
          ${fs_directory}/host_stream.cc ${fs_directory}/memory_directory.cc ${fs_directory}/memory_file.cc
          ${fs_directory}/memory_tree.cc ${fs_directory}/small_transfers.cc
  LIBRARIES twine_enclave_hostcall)

set(net_directory ${PROJECT_SOURCE_DIR}/src/enclave/net)
set(wasi_directory ${PROJECT_SOURCE_DIR}/src/enclave/wasi)
twine_library(twine_enclave_wasi FREESTANDING
  SOURCES ${wasi_directory}/arguments.cc ${wasi_directory}/clock.cc ${wasi_directory}/context.cc ${wasi_directory}/fd.cc
          ${wasi_directory}/fd_io.cc ${wasi_directory}/functions.cc ${wasi_directory}/path.cc ${wasi_directory}/poll.cc
          ${wasi_directory}/proc.cc ${wasi_directory}/random.cc ${wasi_directory}/resource_table.cc
          ${wasi_directory}/sock.cc ${wasi_directory}/sock_extension.cc ${wasi_directory}/sock_options.cc ${wasi_directory}/unstable.cc
          ${net_directory}/policy.cc ${net_directory}/socket.cc
  LIBRARIES twine_enclave_fs twine_manifest)

twine_test(wasi_test SOURCES unit/wasi_test.cc unit/wasi_path_test.cc unit/wasi_memory_test.cc unit/wasi_small_transfers_test.cc LIBRARIES twine_enclave_wasi twine_services)
twine_test(net_test SOURCES unit/net_test.cc LIBRARIES twine_enclave_wasi)
