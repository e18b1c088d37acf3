# The loader alone: no code is mapped.
find_library(TWINE_SODIUM_STATIC libsodium.a REQUIRED)
twine_library(twine_module_loader FREESTANDING
  SOURCES ${PROJECT_SOURCE_DIR}/src/enclave/runtime/compiled_module.cc ${PROJECT_SOURCE_DIR}/src/enclave/runtime/twm_file.cc
          ${PROJECT_SOURCE_DIR}/src/enclave/crypto/crypto.cc
  LIBRARIES twine_wasm twine_manifest twine_in_process_platform ${TWINE_SODIUM_STATIC})
add_library(twine_twm_builder STATIC support/twm_builder.cc)
target_compile_options(twine_twm_builder PRIVATE ${TWINE_WARNINGS})
target_include_directories(twine_twm_builder PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(twine_twm_builder PUBLIC twine_common ${TWINE_SODIUM_STATIC})
twine_test(twm_test SOURCES unit/twm_test.cc LIBRARIES twine_module_loader twine_twm_builder)
