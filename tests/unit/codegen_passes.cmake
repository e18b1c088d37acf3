twine_test(codegen_passes_test SOURCES unit/codegen_passes_test.cc LIBRARIES twine_codegen_llvm)
# LLVM's headers are written for a build without RTTI.
target_compile_options(codegen_passes_test PRIVATE -fno-rtti)
