twine_test(network_test SOURCES unit/network_test.cc LIBRARIES twine_manifest)
