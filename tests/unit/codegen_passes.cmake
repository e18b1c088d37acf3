# LLVM's headers are written for a build without RTTI.
foreach(name codegen_passes_test codegen_rerolling_test)
  twine_test(${name} SOURCES unit/${name}.cc LIBRARIES twine_codegen_llvm)
  target_compile_options(${name} PRIVATE -fno-rtti)
endforeach()
