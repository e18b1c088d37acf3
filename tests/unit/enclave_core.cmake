# The enclave's pure parts in a plain process.
set(enclave_directory ${PROJECT_SOURCE_DIR}/src/enclave)
twine_library(twine_enclave_core FREESTANDING
  SOURCES ${enclave_directory}/memory/heap.cc ${enclave_directory}/memory/ledger.cc ${enclave_directory}/platform/cpu.cc
  LIBRARIES twine_common twine_in_process_platform)
twine_test(enclave_core_test
  SOURCES unit/enclave_core_heap_test.cc unit/enclave_core_ledger_test.cc unit/enclave_core_exception_test.cc
          unit/enclave_core_cpu_test.cc
  LIBRARIES twine_enclave_core)

# The wrapper over libsodium, with the enclave's own platform under it instead of libsodium's.
find_library(TWINE_SODIUM_STATIC libsodium.a REQUIRED)
twine_test(enclave_core_crypto_test
  SOURCES unit/enclave_core_crypto_test.cc unit/enclave_core_sealed_blob_test.cc ${enclave_directory}/crypto/crypto.cc
          ${enclave_directory}/crypto/sealed_blob.cc ${enclave_directory}/crypto/sodium_platform.cc
  LIBRARIES twine_enclave_core ${TWINE_SODIUM_STATIC})
