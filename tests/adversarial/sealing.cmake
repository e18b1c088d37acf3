# Sealing between versions: an enclave of the runtime's own parts with a main that seals and unseals, signed at several ISVSVNs.
if(TARGET twine-enclave)
  get_target_property(sealing_sources twine-enclave SOURCES)
  list(FILTER sealing_sources INCLUDE REGEX "enclave/(platform|start|memory|hostcall|crypto)/")
  add_executable(sealing-enclave adversarial/sealing_enclave.cc ${sealing_sources})
  foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS INCLUDE_DIRECTORIES LINK_OPTIONS LINK_LIBRARIES LINK_DEPENDS)
    get_target_property(value twine-enclave ${property})
    set_target_properties(sealing-enclave PROPERTIES ${property} "${value}")
  endforeach()
  # Properties of sources end at their directory; see src/enclave/memory/sources.cmake.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/enclave/memory/string.cc PROPERTIES COMPILE_OPTIONS -fno-builtin)
  set_target_properties(sealing-enclave PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

  twine_test(sealing_test
    SOURCES adversarial/sealing_test.cc ${PROJECT_SOURCE_DIR}/src/host/launch/pages.cc ${PROJECT_SOURCE_DIR}/src/host/launch/thread_slots.cc
    LIBRARIES twine_loader twine_services twine_emulator)
  add_dependencies(sealing_test sealing-enclave)
  target_compile_definitions(sealing_test PRIVATE SEALING_ENCLAVE="$<TARGET_FILE:sealing-enclave>")
endif()
