twine_enclave_sources(allocate.cc heap.cc ledger.cc pages.cc string.cc threads.cc)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/string.cc PROPERTIES COMPILE_OPTIONS -fno-builtin)
