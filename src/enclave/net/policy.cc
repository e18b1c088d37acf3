#include "enclave/net/policy.h"

#include <algorithm>

namespace twine::net {

bool Policy::allows(NetworkAction action, const IpAddress& address, uint16_t port) const {
  const IpAddress judged = address.unmapped();
  for (const NetworkRule& rule : rules_) {
    if (admits(rule, action, judged, port)) return true;
    if (rule.name.empty() || rule.action != action || (rule.port != 0 && rule.port != port)) continue;
    const auto stands_for_it = [&](const Resolved& resolved) {
      return resolved.name == rule.name && resolved.address == judged;
    };
    if (std::ranges::any_of(resolved_, stands_for_it)) return true;
  }
  return false;
}

bool Policy::allows_group(const IpAddress& group) const {
  return std::ranges::any_of(rules_, [&](const NetworkRule& rule) {
    return admits(rule, NetworkAction::listen, group.unmapped(), rule.port);
  });
}

bool Policy::may_resolve(std::string_view name) const {
  return std::ranges::any_of(rules_, [&](const NetworkRule& rule) {
    return rule.action == NetworkAction::connect && (rule.any_host() || rule.name == name);
  });
}

void Policy::remember(std::string_view name, const IpAddress& address) {
  const bool named = std::ranges::any_of(rules_, [&](const NetworkRule& rule) { return rule.name == name; });
  if (!named) return;
  Resolved resolved{std::string(name), address.unmapped()};
  const auto known = [&](const Resolved& other) {
    return other.name == resolved.name && other.address == resolved.address;
  };
  if (std::ranges::any_of(resolved_, known)) return;
  if (resolved_.size() < kMaxRemembered) {
    resolved_.push_back(std::move(resolved));
    return;
  }
  resolved_[oldest_] = std::move(resolved);
  oldest_ = (oldest_ + 1) % kMaxRemembered;
}

}  // namespace twine::net
