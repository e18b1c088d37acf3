# Until the WASI functions are there the image has nothing to link the runtime with, and keeps start/no_runtime.cc.
if(NOT EXISTS ${CMAKE_CURRENT_LIST_DIR}/../wasi/sources.cmake)
  return()
endif()

twine_enclave_sources(
  backtrace.cc bulk.cc compiled_module.cc guest_thread.cc instance.cc instantiate.cc invoke.cc launch.cc linker.cc main.cc
  runtime_entries.cc script.cc spectest.cc store.cc trampolines.S twm_file.cc type_registry.cc)

# The formats that both sides share, with the enclave's flags.
target_sources(twine-enclave PRIVATE ${PROJECT_SOURCE_DIR}/src/common/cbor.cc ${PROJECT_SOURCE_DIR}/src/common/manifest.cc
               ${PROJECT_SOURCE_DIR}/src/common/network.cc)
