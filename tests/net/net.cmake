# The guest that tests/net/run.py starts.
include(${PROJECT_SOURCE_DIR}/cmake/guest.cmake)
twine_guest(net-guest OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/net/sockets.wasm SOURCES net/sockets.c HEADERS net/socket_extension.h)
