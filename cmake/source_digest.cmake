# Writes a header with a digest of sources: cmake -DOUTPUT=FILE -DNAME=CONSTANT -DSOURCES=A;B;… -P source_digest.cmake
# Only file names and contents count, not where they lie.
set(text "")
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} digest)
  get_filename_component(name ${source} NAME)
  string(APPEND text "${name} ${digest}\n")
endforeach()
string(SHA256 digest "${text}")
file(WRITE ${OUTPUT} "#pragma once\ninline constexpr char ${NAME}[] = \"${digest}\";\n")
