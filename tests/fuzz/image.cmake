twine_fuzz_target(image_fuzz SOURCES fuzz/image_fuzz.cc LIBRARIES twine_image)
twine_fuzz_target(cli_inspect_fuzz SOURCES fuzz/cli_inspect_fuzz.cc LIBRARIES twine_cli)
