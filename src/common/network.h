// What of the network a guest may reach: addresses, and the rules of `twine run --allow-net`.
//
// A rule's text:
//
//   RULE      ["listen:"] HOST ":" PORT          without listen: connections and datagrams to there
//   HOST      IPV4 ["/" BITS]                    10.0.0.0/8
//             "[" IPV6 ["/" BITS] "]"            [::1], [fd00::/8]
//             NAME                               example.org; not with listen:. A host called listen is "listen."
//             "*"                                every address, and every name may be resolved
//   PORT      1 … 65535, or "*" for all
//
// A rule holds for TCP and UDP. BITS, if missing, are all of them. An IPv4 address written as IPv6 (::ffff:a.b.c.d) is the IPv4
// address, in rules and in what they judge, so that neither form gets round a rule of the other.
//
// A NAME stands for the addresses that the host resolves it to while the guest runs. The host can resolve it to any address: a name
// rule protects the host's network from the guest only as far as its resolver is right, and it never protects the guest, who needs
// TLS to know whom it talks to.
//
// Freestanding: the enclave judges by it, the command line reads with it.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace twine {

enum class NetworkAction : uint8_t { connect = 0, listen = 1 };
constexpr bool is_valid(NetworkAction action) {
  return action <= NetworkAction::listen;
}

struct IpAddress {
  uint8_t length = 0;  // 4 or 16; 0: none
  std::array<uint8_t, 16> bytes{};

  static IpAddress v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) { return {4, {a, b, c, d}}; }
  // An IPv4-mapped IPv6 address as the IPv4 address it is; any other as it stands.
  [[nodiscard]] IpAddress unmapped() const;
  // 0.0.0.0 or ::
  [[nodiscard]] bool is_wildcard() const { return *this == IpAddress{length, {}}; }
  bool operator==(const IpAddress&) const = default;
};

// Dotted decimal of four parts without leading zeroes, or RFC 4291 text without a zone; nothing else (no "127.1", no "0x7f.1").
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
// RFC 5952.
[[nodiscard]] std::string to_text(const IpAddress& address);

inline constexpr size_t kMaxHostName = 253;

// Lower case, without the final dot; nothing if it is no host name: letters, digits, hyphens and underscores in labels of 1 to 63,
// and a last label that is not all digits, since resolvers read such a name as an address.
[[nodiscard]] std::optional<std::string> canonical_host_name(std::string_view text);

// Host names and addresses in one: exactly one of `name` and `address` is filled, or neither for "*".
struct NetworkRule {
  NetworkAction action = NetworkAction::connect;
  std::string name;              // canonical
  std::vector<uint8_t> address;  // 4 or 16 bytes, those after the prefix zero
  uint8_t prefix = 0;            // bits of `address` that count
  uint16_t port = 0;             // 0: every port

  static void fields(auto& self, auto&& field) {
    field(1, "action", self.action);
    field(2, "name", self.name);
    field(3, "address", self.address);
    field(4, "prefix", self.prefix);
    field(5, "port", self.port);
  }
  bool operator==(const NetworkRule&) const = default;
  [[nodiscard]] bool any_host() const { return name.empty() && address.empty(); }
};

// Errors: invalid_argument, which says what is wrong with `text` and what a rule looks like.
[[nodiscard]] Result<NetworkRule> parse_network_rule(std::string_view text);
// What parse_network_rule reads back as the same rule.
[[nodiscard]] std::string to_text(const NetworkRule& rule);
// Whether it is one that parse_network_rule can yield. Errors: invalid_argument.
[[nodiscard]] Result<void> check_network_rule(const NetworkRule& rule);

// A rule of an address or "*" admits it; a name rule never does by itself.
[[nodiscard]] bool admits(const NetworkRule& rule, NetworkAction action, const IpAddress& address,
                          uint16_t port);

// "127.0.0.1:80", "[::1]:80", port 0 too. Errors: invalid_argument.
struct SocketEndpoint {
  IpAddress address;
  uint16_t port = 0;
};
[[nodiscard]] Result<SocketEndpoint> parse_endpoint(std::string_view text);
[[nodiscard]] std::string to_text(const SocketEndpoint& endpoint);

}  // namespace twine
