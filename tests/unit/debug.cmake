twine_test(debug_test SOURCES unit/debug_test.cc LIBRARIES twine_debug)
