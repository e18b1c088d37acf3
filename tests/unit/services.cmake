twine_test(services_test SOURCES unit/services_test.cc LIBRARIES twine_services)
target_include_directories(services_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
