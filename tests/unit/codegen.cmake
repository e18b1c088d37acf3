if(TARGET twine_codegen_llvm)
  add_executable(twm-compile tools/twm_compile.cc)
  target_compile_options(twm-compile PRIVATE ${TWINE_WARNINGS})
  target_link_libraries(twm-compile PRIVATE twine_codegen_llvm)
  set_target_properties(twm-compile PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

  twine_library(twine_guest_host SOURCES support/guest_host.cc LIBRARIES twine_codegen_llvm)
  target_include_directories(twine_guest_host PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)

  foreach(subject IN ITEMS traps nests counts jamming)
    twine_test(codegen_${subject}_test SOURCES unit/codegen_${subject}_test.cc support/both_levels.cc LIBRARIES twine_guest_host)
  endforeach()
  twine_test(codegen_twm_test SOURCES unit/codegen_twm_test.cc LIBRARIES twine_guest_host)
  twine_test(codegen_golden_test SOURCES golden/codegen_golden.cc LIBRARIES twine_guest_host)
  target_compile_definitions(codegen_golden_test
    PRIVATE TWINE_GOLDEN_DIRECTORY="${CMAKE_CURRENT_SOURCE_DIR}/golden/codegen")

  add_executable(twm-run tools/twm_run.cc)
  target_compile_options(twm-run PRIVATE ${TWINE_WARNINGS})
  target_link_libraries(twm-run PRIVATE twine_guest_host)
  set_target_properties(twm-run PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

  find_package(nlohmann_json REQUIRED)
  add_executable(twm-spec tools/twm_spec.cc)
  target_compile_options(twm-spec PRIVATE ${TWINE_WARNINGS})
  target_link_libraries(twm-spec PRIVATE twine_guest_host nlohmann_json::nlohmann_json)
  set_target_properties(twm-spec PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()
