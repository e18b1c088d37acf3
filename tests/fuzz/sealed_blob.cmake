find_library(TWINE_SODIUM_STATIC libsodium.a REQUIRED)
twine_fuzz_target(sealed_blob_fuzz
  SOURCES fuzz/sealed_blob_fuzz.cc ${PROJECT_SOURCE_DIR}/src/enclave/crypto/crypto.cc
          ${PROJECT_SOURCE_DIR}/src/enclave/crypto/sealed_blob.cc ${PROJECT_SOURCE_DIR}/src/enclave/crypto/sodium_platform.cc
  LIBRARIES twine_enclave_core ${TWINE_SODIUM_STATIC})
