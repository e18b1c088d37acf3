twine_test(preload_test SOURCES unit/preload_test.cc LIBRARIES twine_preload)
