// Which addresses a program may reach: the launch manifest's rules, and what the names in them were resolved to.
//
// Judged here, on the address that goes out in the host call. Nothing is allowed without a rule. An address that the host gave for a
// name is remembered with it and admitted by that name's rules alone; the last kMaxRemembered of them count.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/network.h"

namespace twine::net {

class Policy {
 public:
  static constexpr size_t kMaxRemembered = 1024;

  Policy() = default;
  explicit Policy(std::vector<NetworkRule> rules) : rules_(std::move(rules)) {}

  // Whether there are rules: without any, a program opens no socket.
  [[nodiscard]] bool has_rules() const { return !rules_.empty(); }
  // `port` 0 is that of a socket that takes any: only rules for every port admit it.
  [[nodiscard]] bool allows(NetworkAction action, const IpAddress& address, uint16_t port) const;
  // Whether datagrams for the group may be received: a rule to listen at its address, whatever the port.
  [[nodiscard]] bool allows_group(const IpAddress& group) const;
  // Whether the host may be asked for the addresses of `name`, which is canonical. The question itself tells the world something.
  [[nodiscard]] bool may_resolve(std::string_view name) const;
  void remember(std::string_view name, const IpAddress& address);

 private:
  struct Resolved {
    std::string name;
    IpAddress address;
  };

  std::vector<NetworkRule> rules_;
  std::vector<Resolved> resolved_;
  size_t oldest_ = 0;  // in `resolved_`, once it is full
};

}  // namespace twine::net
