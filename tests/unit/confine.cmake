twine_test(confine_test SOURCES unit/confine_test.cc LIBRARIES twine_confine)
target_include_directories(confine_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
