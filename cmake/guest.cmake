# Guests: programs built to WebAssembly for WASI, with the same clang that builds Twine.
#
#   twine_guest(NAME OUTPUT FILE.wasm SOURCES ... [HEADERS ...] [OPTIONS ...])
#
# compiles each source for wasm32-wasi (Debian's wasi-libc and libc++), links OUTPUT and adds the target NAME, built by `all`.
# C and C++ are told apart by the file's extension. There are no exceptions in C++ guests: wasi-libc has no unwinder.
#
# Compiling and linking are two commands on purpose. When binaryen is installed, clang runs wasm-opt after a link that was
# given -O, and wasm-opt drops the name section: a trap's backtrace would then show numbers instead of names.
set(TWINE_GUEST_OPTIONS --target=wasm32-wasi -O3 -ffp-contract=off -Wall -Wextra -Werror)

function(twine_guest name)
  cmake_parse_arguments(ARG "" "OUTPUT" "SOURCES;HEADERS;OPTIONS" ${ARGN})
  get_filename_component(directory ${ARG_OUTPUT} DIRECTORY)
  file(MAKE_DIRECTORY ${directory} ${CMAKE_CURRENT_BINARY_DIR}/${name}.guest)
  list(TRANSFORM ARG_HEADERS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)

  set(objects)
  set(linker ${CMAKE_C_COMPILER})
  foreach(source ${ARG_SOURCES})
    if(source MATCHES "\\.c$")
      set(compile ${CMAKE_C_COMPILER} -std=c17)
    else()
      set(compile ${CMAKE_CXX_COMPILER} -std=c++23 -fno-exceptions)
      set(linker ${CMAKE_CXX_COMPILER})
    endif()
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.guest/${source}.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${TWINE_CCACHE} ${compile} ${TWINE_GUEST_OPTIONS} ${ARG_OPTIONS} -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source} ${ARG_HEADERS}
      COMMENT "Compiling ${source} for WASI"
      VERBATIM)
    list(APPEND objects ${object})
  endforeach()

  add_custom_command(
    OUTPUT ${ARG_OUTPUT}
    COMMAND ${linker} --target=wasm32-wasi ${objects} -o ${ARG_OUTPUT}
    DEPENDS ${objects}
    COMMENT "Linking ${name} for WASI"
    VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${ARG_OUTPUT})
endfunction()
