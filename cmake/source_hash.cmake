# Writes OUTPUT, a header that defines NAME as the SHA-256 of the files in SOURCES (their names and contents, in order).
# cmake -DOUTPUT=… -DNAME=… -DSOURCES=a;b;c -P source_hash.cmake
set(text "")
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} hash)
  get_filename_component(name ${source} NAME)
  string(APPEND text "${name} ${hash}\n")
endforeach()
string(SHA256 hash "${text}")
string(SUBSTRING ${hash} 0 16 short)
file(WRITE ${OUTPUT} "#pragma once\n#define ${NAME} \"${short}\"\n")
