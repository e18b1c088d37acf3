twine_test(manifest_test SOURCES unit/manifest_cbor_test.cc unit/manifest_test.cc LIBRARIES twine_manifest)
