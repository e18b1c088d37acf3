# Runners of the WebAssembly test suite: scripts/conformance.sh uses wast-in-enclave.
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
add_library(twine_wast STATIC conformance/wast_script.cc conformance/wast_main.cc)
target_include_directories(twine_wast PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(twine_wast PRIVATE ${TWINE_WARNINGS})
target_link_libraries(twine_wast PUBLIC twine_manifest twine_codegen_llvm twine_wasm nlohmann_json::nlohmann_json
                      OpenSSL::Crypto)

add_executable(wast-in-process conformance/wast_in_process.cc)
target_compile_options(wast-in-process PRIVATE ${TWINE_WARNINGS})
target_link_libraries(wast-in-process PRIVATE twine_wast twine_enclave_runtime)
set_target_properties(wast-in-process PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

if(TARGET twine_emulator)
  add_executable(wast-in-enclave conformance/wast_in_enclave.cc)
  target_compile_options(wast-in-enclave PRIVATE ${TWINE_WARNINGS})
  target_link_libraries(wast-in-enclave PRIVATE twine_wast twine_launch)
  set_target_properties(wast-in-enclave PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()
