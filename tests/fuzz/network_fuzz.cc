// The rules of --allow-net: no text crashes the parsers, and what they accept reads back from its own text as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/network.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto rule = twine::parse_network_rule(text)) {
    const auto again = twine::parse_network_rule(twine::to_text(*rule));
    if (!again || *again != *rule || !twine::check_network_rule(*rule)) std::abort();
  }
  if (const auto address = twine::parse_ip(text)) {
    if (twine::parse_ip(twine::to_text(*address)) != *address) std::abort();
    // No resolver is asked for what is an address.
    if (twine::canonical_host_name(text)) std::abort();
  }
  if (const auto name = twine::canonical_host_name(text)) {
    if (twine::canonical_host_name(*name) != *name) std::abort();
  }
  if (const auto endpoint = twine::parse_endpoint(text)) {
    const auto again = twine::parse_endpoint(twine::to_text(*endpoint));
    if (!again || again->address != endpoint->address || again->port != endpoint->port) std::abort();
  }
  return 0;
}
