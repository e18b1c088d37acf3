twine_fuzz_target(network_fuzz SOURCES fuzz/network_fuzz.cc LIBRARIES twine_manifest)
