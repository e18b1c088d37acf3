twine_enclave_sources(exchange.cc clocks.cc handle.cc directory_entries.cc window.cc)
target_sources(twine-enclave PRIVATE ${TWINE_HOSTCALL_GENERATED}/enclave/hostcall/hostcalls.cc)
