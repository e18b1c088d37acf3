# The enclave's runtime in a plain process; in_process_pages plays the memory that an enclave would give it.
set(runtime_directory ${PROJECT_SOURCE_DIR}/src/enclave/runtime)
find_library(TWINE_SODIUM_STATIC libsodium.a REQUIRED)
twine_library(twine_enclave_runtime FREESTANDING
  SOURCES ${runtime_directory}/backtrace.cc ${runtime_directory}/bulk.cc ${runtime_directory}/compiled_module.cc
          ${runtime_directory}/guest_thread.cc ${runtime_directory}/instance.cc ${runtime_directory}/instantiate.cc
          ${runtime_directory}/invoke.cc ${runtime_directory}/launch.cc ${runtime_directory}/linker.cc
          ${runtime_directory}/runtime_entries.cc ${runtime_directory}/script.cc ${runtime_directory}/spectest.cc
          ${runtime_directory}/store.cc ${runtime_directory}/trampolines.S ${runtime_directory}/twm_file.cc
          ${runtime_directory}/type_registry.cc ${PROJECT_SOURCE_DIR}/src/enclave/crypto/crypto.cc
  LIBRARIES twine_enclave_wasi twine_in_process_pages twine_wasm twine_manifest ${TWINE_SODIUM_STATIC})
add_library(twine_in_process_pages STATIC support/in_process_pages.cc)
target_compile_options(twine_in_process_pages PRIVATE ${TWINE_WARNINGS})
target_include_directories(twine_in_process_pages PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(twine_in_process_pages PUBLIC twine_common)

find_program(TWINE_WAT2WASM wat2wasm)
if(TWINE_WAT2WASM)
  find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
  twine_test(runtime_test SOURCES unit/runtime_test.cc
             LIBRARIES twine_enclave_runtime twine_codegen_llvm OpenSSL::Crypto)
else()
  message(STATUS "runtime_test left out: needs wat2wasm (package wabt)")
endif()
