twine_fuzz_target(manifest_fuzz SOURCES fuzz/manifest_fuzz.cc LIBRARIES twine_manifest)
