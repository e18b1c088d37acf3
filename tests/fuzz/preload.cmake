twine_fuzz_target(preload_fuzz SOURCES fuzz/preload_fuzz.cc LIBRARIES twine_preload)
