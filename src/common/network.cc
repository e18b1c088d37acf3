#include "common/network.h"

#include <algorithm>
#include <utility>

#include "common/decimal.h"

namespace twine {
namespace {

constexpr size_t kMaxLabel = 63;
constexpr std::string_view kListenPrefix = "listen:";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A decimal number of at most `limit`, without sign or leading zeroes.
std::optional<uint32_t> parse_number(std::string_view text, uint32_t limit) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
    if (value > limit) return std::nullopt;
  }
  return value;
}

std::optional<uint32_t> parse_hex_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text) {
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      value = value * 16 + static_cast<uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

std::optional<IpAddress> parse_v4(std::string_view text) {
  IpAddress address{4, {}};
  for (size_t i = 0; i < 4; ++i) {
    const size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == text.npos) return std::nullopt;
    const auto part = parse_number(text.substr(0, dot), 255);
    if (!part) return std::nullopt;
    address.bytes[i] = static_cast<uint8_t>(*part);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return address;
}

// One side of "::", or all of an address without it: groups into `bytes` from its start. The count of bytes.
std::optional<size_t> parse_groups(std::string_view text, std::array<uint8_t, 16>& bytes) {
  size_t used = 0;
  if (text.empty()) return used;
  for (;;) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == text.npos && group.contains('.')) {
      const auto tail = parse_v4(group);
      if (!tail || used + 4 > bytes.size()) return std::nullopt;
      std::copy_n(tail->bytes.begin(), 4, bytes.begin() + static_cast<ptrdiff_t>(used));
      return used + 4;
    }
    const auto value = parse_hex_group(group);
    if (!value || used + 2 > bytes.size()) return std::nullopt;
    bytes[used++] = static_cast<uint8_t>(*value >> 8);
    bytes[used++] = static_cast<uint8_t>(*value);
    if (colon == text.npos) return used;
    text.remove_prefix(colon + 1);
  }
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  IpAddress address{16, {}};
  const size_t gap = text.find("::");
  if (gap == text.npos) {
    const auto used = parse_groups(text, address.bytes);
    if (!used || *used != 16) return std::nullopt;
    return address;
  }
  std::array<uint8_t, 16> tail{};
  const std::string_view before = text.substr(0, gap);
  const auto head_size = before.contains('.') ? std::nullopt : parse_groups(before, address.bytes);
  const auto tail_size = parse_groups(text.substr(gap + 2), tail);
  // "::" stands for at least one group.
  if (!head_size || !tail_size || *head_size + *tail_size > 14) return std::nullopt;
  std::copy_n(tail.begin(), *tail_size, address.bytes.end() - static_cast<ptrdiff_t>(*tail_size));
  return address;
}

bool inside(const IpAddress& address, const std::vector<uint8_t>& network, size_t prefix) {
  if (address.length != network.size()) return false;
  for (size_t bit = 0; bit < prefix; bit += 8) {
    const auto mask = static_cast<uint8_t>(prefix - bit >= 8 ? 0xff : 0xff << (8 - (prefix - bit)));
    if (((address.bytes[bit / 8] ^ network[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::unexpected<Error> bad_rule(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid_argument, "network rule '" + std::string(text) + "': " + std::string(why) +
                                               "; rules are [listen:]HOST:PORT with HOST a name, "
                                               "IPV4[/BITS], [IPV6[/BITS]] or *, and PORT a number or *");
}

// ADDRESS[/BITS] into `rule`. Why not, or empty.
std::string_view read_network(std::string_view text, NetworkRule& rule) {
  const size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return "not an address";
  uint32_t prefix = address->length * 8U;
  if (slash != text.npos) {
    const auto bits = parse_number(text.substr(slash + 1), prefix);
    if (!bits) return "the number of bits after / is wrong";
    prefix = *bits;
  }
  IpAddress network = *address;
  // ::ffff:0:0/96 and what lies in it is IPv4.
  if (network.length == 16 && prefix >= 96 && network.unmapped().length == 4) {
    network = network.unmapped();
    prefix -= 96;
  }
  rule.address.assign(network.bytes.begin(), network.bytes.begin() + network.length);
  for (size_t bit = prefix; bit < rule.address.size() * 8; ++bit) {
    if ((rule.address[bit / 8] >> (7 - bit % 8) & 1) != 0) return "the address has bits set beyond /BITS";
  }
  rule.prefix = static_cast<uint8_t>(prefix);
  return {};
}

// HOST of a rule into `rule`. Why not, or empty.
std::string_view read_host(std::string_view host, NetworkRule& rule) {
  if (host == "*") return {};
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || !host.contains(':')) return "[ ] holds an IPv6 address";
    return read_network(host.substr(1, host.size() - 2), rule);
  }
  if (host.contains(':')) return "an IPv6 address stands in [ ]";
  if (host.contains('/') || parse_ip(host)) return read_network(host, rule);
  const auto name = canonical_host_name(host);
  if (!name) return "neither an address nor a host name";
  if (rule.action == NetworkAction::listen) return "listening is allowed by address, not by name";
  rule.name = *name;
  return {};
}

IpAddress address_of(const NetworkRule& rule) {
  IpAddress address{static_cast<uint8_t>(rule.address.size()), {}};
  std::ranges::copy(rule.address, address.bytes.begin());
  return address;
}

void append_hex(std::string& out, unsigned value) {
  bool started = false;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = value >> shift & 0xf;
    started = started || digit != 0 || shift == 0;
    if (started) out += "0123456789abcdef"[digit];
  }
}

std::string v6_text(const IpAddress& address) {
  const auto group = [&](size_t i) {
    return static_cast<unsigned>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1]);
  };
  // The longest run of two or more zero groups, the first of several, becomes "::".
  size_t gap = 8;
  size_t gap_length = 1;
  for (size_t i = 0; i < 8; ++i) {
    size_t end = i;
    while (end < 8 && group(end) == 0) ++end;
    if (end - i > gap_length) {
      gap = i;
      gap_length = end - i;
    }
  }
  std::string out;
  for (size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      out += "::";
      i += gap_length - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    append_hex(out, group(i));
  }
  return out;
}

}  // namespace

IpAddress IpAddress::unmapped() const {
  static constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (length != 16 || !std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return *this;
  return v4(bytes[12], bytes[13], bytes[14], bytes[15]);
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  return text.contains(':') ? parse_v6(text) : parse_v4(text);
}

std::string to_text(const IpAddress& address) {
  if (address.length == 16) return v6_text(address);
  std::string out;
  for (size_t i = 0; i < 4; ++i) {
    if (i != 0) out += '.';
    out += decimal(address.bytes[i]);
  }
  return out;
}

std::optional<std::string> canonical_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxHostName) return std::nullopt;
  std::string name;
  size_t label = 0;
  bool numeric = true;  // the label so far
  for (const char c : text) {
    const char lower = lower_case(c);
    if (c == '.') {
      if (label == 0) return std::nullopt;
      label = 0;
      numeric = true;
    } else if (is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '-' || c == '_') {
      if (++label > kMaxLabel) return std::nullopt;
      numeric = numeric && is_digit(c);
    } else {
      return std::nullopt;
    }
    name += lower;
  }
  if (label == 0 || numeric) return std::nullopt;
  // inet_aton, which resolvers ask first, takes hexadecimal too.
  const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
  if (last.starts_with("0x")) return std::nullopt;
  return name;
}

Result<NetworkRule> parse_network_rule(std::string_view text) {
  NetworkRule rule;
  std::string_view rest = text;
  // In any case, as names are.
  if (std::ranges::equal(rest.substr(0, kListenPrefix.size()), kListenPrefix, {}, lower_case)) {
    rule.action = NetworkAction::listen;
    rest.remove_prefix(kListenPrefix.size());
  }
  const size_t colon = rest.rfind(':');
  if (colon == rest.npos || rest.ends_with(']')) return bad_rule(text, "the port is missing");
  const std::string_view port = rest.substr(colon + 1);
  if (port != "*") {
    const auto number = parse_number(port, 65535);
    if (!number || *number == 0) return bad_rule(text, "the port is neither 1 to 65535 nor *");
    rule.port = static_cast<uint16_t>(*number);
  }
  if (const std::string_view why = read_host(rest.substr(0, colon), rule); !why.empty())
    return bad_rule(text, why);
  return rule;
}

std::string to_text(const NetworkRule& rule) {
  std::string host = rule.name;
  if (kListenPrefix == host + ":") host += '.';
  if (rule.any_host()) host = "*";
  if (!rule.address.empty()) {
    host = to_text(address_of(rule));
    if (rule.prefix != rule.address.size() * 8) host += "/" + decimal(rule.prefix);
    if (rule.address.size() == 16) host = "[" + host + "]";
  }
  return (rule.action == NetworkAction::listen ? std::string(kListenPrefix) : std::string()) + host + ":" +
         (rule.port == 0 ? std::string("*") : decimal(rule.port));
}

Result<void> check_network_rule(const NetworkRule& rule) {
  const std::string text = to_text(rule);
  const Result<NetworkRule> read = parse_network_rule(text);
  if (!read) return std::unexpected(read.error());
  if (*read != rule) return bad_rule(text, "not in its canonical form");
  return {};
}

bool admits(const NetworkRule& rule, NetworkAction action, const IpAddress& address, uint16_t port) {
  if (rule.action != action || (rule.port != 0 && rule.port != port) || !rule.name.empty()) return false;
  return rule.any_host() || inside(address.unmapped(), rule.address, rule.prefix);
}

Result<SocketEndpoint> parse_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_ip(host);
  const auto port = colon == text.npos ? std::nullopt : parse_number(text.substr(colon + 1), 65535);
  if (!address || !port || bracketed != (address->length == 16)) {
    return fail(ErrorCode::invalid_argument,
                "'" + std::string(text) + "' is not of the form 127.0.0.1:8080 or [::1]:8080");
  }
  return SocketEndpoint{*address, static_cast<uint16_t>(*port)};
}

std::string to_text(const SocketEndpoint& endpoint) {
  const std::string address = to_text(endpoint.address);
  return (endpoint.address.length == 16 ? "[" + address + "]" : address) + ":" + decimal(endpoint.port);
}

}  // namespace twine
