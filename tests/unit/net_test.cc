// Sockets inside the enclave against a host that lies about them, and the policy that decides what the host is asked at all. What every
// host call shares (unknown errnos, results out of bounds) hostcall_test.cc shows for these too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "common/hostcall_table.h"
#include "enclave/net/policy.h"
#include "enclave/net/socket.h"
#include "unit/in_process_platform.h"

namespace twine::net {
namespace {

using hostcall::Call;
using ::testing::HasSubstr;
using testing::host_attack_in;
using testing::host_calls_made;
using ::testing::Optional;
using testing::set_host;
using testing::test_arena;
using testing::test_arena_header;
using wasi::Errno;

constexpr int64_t kHandle = 40;

SocketAddress v4(uint8_t last, uint16_t port) {
  return socket_address(IpAddress::v4(127, 0, 0, last), port);
}

Policy policy_of(std::initializer_list<std::string_view> texts) {
  std::vector<NetworkRule> rules;
  for (const std::string_view text : texts) rules.push_back(parse_network_rule(text).value());
  return Policy(std::move(rules));
}

// A host that answers `result`, and `reply` in the buffer whose two argument words begin at `slot`.
template <typename T>
void host_answers(int64_t result, size_t slot, const T& reply) {
  set_host([result, slot, reply] {
    std::memcpy(test_arena().data() + test_arena_header().args[slot], &reply, sizeof reply);
    test_arena_header().result = result;
  });
}

void host_answers(int64_t result) {
  set_host([result] { test_arena_header().result = result; });
}

class SocketOnALyingHost : public ::testing::Test {
 protected:
  SocketOnALyingHost() {
    host_answers(kHandle);
    socket_ = std::move(Socket::open(SocketFamily::ipv4, SocketType::stream).value());
  }
  ~SocketOnALyingHost() override { host_answers(0); }

  hostcall::HandleLedger ledger_;
  std::unique_ptr<Socket> socket_;
};

TEST_F(SocketOnALyingHost, RefusesAHandleThatIsOpenAlready) {
  host_answers(kHandle);
  EXPECT_THAT(host_attack_in([] { static_cast<void>(Socket::open(SocketFamily::ipv4, SocketType::stream)); }),
              Optional(std::string("socket_open: the handle is open already")));
  SocketAddress peer{};
  host_answers(kHandle, 2, v4(1, 5));
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(socket_->accept(0, peer)); }),
              Optional(std::string("socket_accept: the handle is open already")));
}

TEST_F(SocketOnALyingHost, RefusesAStandardStreamAsANewSocket) {
  host_answers(hostcall::kStdout);
  EXPECT_THAT(host_attack_in([] { static_cast<void>(Socket::open(SocketFamily::ipv4, SocketType::stream)); }),
              Optional(HasSubstr("open already")));
}

TEST_F(SocketOnALyingHost, RefusesAPeerOfAnotherFamily) {
  SocketAddress peer{};
  host_answers(kHandle + 1, 2, socket_address(*parse_ip("::1"), 5));
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(socket_->accept(0, peer)); }),
              Optional(std::string("socket_accept: an address is not of the socket's family")));
  host_answers(kHandle + 2, 2, SocketAddress{});
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(socket_->accept(0, peer)); }),
              Optional(HasSubstr("family")));
}

TEST_F(SocketOnALyingHost, RefusesANameOfAnotherFamily) {
  host_answers(0, 2, socket_address(*parse_ip("::1"), 5));
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(socket_->name(hostcall::SocketEnd::local)); }),
              Optional(HasSubstr("socket_name: an address is not of the socket's family")));
}

TEST_F(SocketOnALyingHost, RefusesMalformedAddresses) {
  SocketAddress unknown = v4(1, 1);
  unknown.family = static_cast<SocketFamily>(3);
  SocketAddress padded = v4(1, 1);
  padded.padding = 1;
  SocketAddress longer = v4(1, 1);
  longer.bytes[4] = 1;
  SocketAddress portless{};
  portless.port = 1;
  for (const SocketAddress& lie : {unknown, padded, longer, portless}) {
    host_answers(0, 2, lie);
    EXPECT_THAT(host_attack_in([&] { static_cast<void>(socket_->name(hostcall::SocketEnd::remote)); }),
                Optional(HasSubstr("socket_name: an address")));
  }
}

TEST_F(SocketOnALyingHost, RefusesASenderOfAnotherFamilyAndUnknownFlags) {
  std::array<std::byte, 8> data{};
  hostcall::SocketReceived received{};
  const auto attack = [&](const hostcall::SocketReceived& lie) {
    host_answers(8, 4, lie);
    return host_attack_in([&] { static_cast<void>(socket_->receive(fs::Scatter(data), 0, received)); });
  };
  EXPECT_THAT(attack({.from = socket_address(*parse_ip("::1"), 5), .flags = 0, .padding = 0}),
              Optional(HasSubstr("family")));
  EXPECT_THAT(attack({.from = {}, .flags = 2, .padding = 0}), Optional(HasSubstr("unknown flags")));
  EXPECT_THAT(attack({.from = {}, .flags = 0, .padding = 1}), Optional(HasSubstr("unknown flags")));
  EXPECT_EQ(attack({.from = {}, .flags = 1, .padding = 0}), std::nullopt);
}

TEST_F(SocketOnALyingHost, RefusesMoreBytesThanWereAskedFor) {
  std::array<std::byte, 8> data{};
  host_answers(9);
  hostcall::SocketReceived received{};
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(socket_->receive(fs::Scatter(data), 0, received)); }),
              Optional(HasSubstr("socket_receive: result 9 is not between 0 and 8")));
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(socket_->send(fs::Gather(data))); }),
              Optional(HasSubstr("socket_send: result 9 is not between 0 and 8")));
}

TEST_F(SocketOnALyingHost, RefusesOptionsWithImpossibleValues) {
  const auto attack = [&](SocketOption option, int64_t value) {
    host_answers(value);
    return host_attack_in([&] { static_cast<void>(socket_->option(option)); });
  };
  EXPECT_THAT(attack(SocketOption::keep_alive, 2), Optional(HasSubstr("cannot have this value")));
  EXPECT_THAT(attack(SocketOption::ip_ttl, 256), Optional(HasSubstr("cannot have this value")));
  EXPECT_THAT(attack(SocketOption::receive_buffer, int64_t{1} << 31), Optional(HasSubstr("cannot have")));
  EXPECT_EQ(attack(SocketOption::receive_timeout, int64_t{1} << 62), std::nullopt);
}

TEST_F(SocketOnALyingHost, AsksNothingThatThePolicyDoesNotAllow) {
  const Policy policy = policy_of({"127.0.0.1:80", "listen:127.0.0.2:*"});
  const uint64_t before = host_calls_made();
  EXPECT_EQ(socket_->connect(policy, v4(1, 81)).error(), Errno::acces);
  EXPECT_EQ(socket_->connect(policy, v4(2, 80)).error(), Errno::acces);
  EXPECT_EQ(socket_->bind(policy, v4(1, 80)).error(), Errno::acces);
  EXPECT_EQ(socket_->listen(1).error(), Errno::acces);
  EXPECT_EQ(socket_->connect(policy, socket_address(*parse_ip("::ffff:127.0.0.1"), 80)).error(),
            Errno::afnosupport);
  EXPECT_EQ(host_calls_made(), before);
  host_answers(0);
  EXPECT_TRUE(socket_->connect(policy, v4(1, 80)).has_value());
  EXPECT_TRUE(socket_->bind(policy, v4(2, 0)).has_value());
  EXPECT_TRUE(socket_->listen(1).has_value());
}

TEST(Policy, AllowsNothingWithoutRules) {
  const Policy policy;
  EXPECT_FALSE(policy.allows(NetworkAction::connect, IpAddress::v4(127, 0, 0, 1), 80));
  EXPECT_FALSE(policy.allows(NetworkAction::listen, IpAddress::v4(127, 0, 0, 1), 80));
  EXPECT_FALSE(policy.may_resolve("localhost"));
}

TEST(Policy, ANamesRuleAdmitsWhatItResolvedToAtItsPort) {
  Policy policy = policy_of({"a.example:443", "b.example:80"});
  const IpAddress address = IpAddress::v4(192, 0, 2, 1);
  EXPECT_FALSE(policy.allows(NetworkAction::connect, address, 443));
  policy.remember("a.example", address);
  EXPECT_TRUE(policy.allows(NetworkAction::connect, address, 443));
  EXPECT_FALSE(policy.allows(NetworkAction::connect, address, 80)) << "that is the other name's port";
  EXPECT_FALSE(policy.allows(NetworkAction::listen, address, 443));
  policy.remember("c.example", IpAddress::v4(192, 0, 2, 2));
  EXPECT_FALSE(policy.allows(NetworkAction::connect, IpAddress::v4(192, 0, 2, 2), 443));
}

TEST(Policy, ForgetsTheOldestAddressesOnly) {
  Policy policy = policy_of({"a.example:1"});
  const auto nth = [](size_t i) {
    return IpAddress::v4(10, 0, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i));
  };
  for (size_t i = 0; i <= Policy::kMaxRemembered; ++i) policy.remember("a.example", nth(i));
  EXPECT_FALSE(policy.allows(NetworkAction::connect, nth(0), 1));
  EXPECT_TRUE(policy.allows(NetworkAction::connect, nth(1), 1));
  EXPECT_TRUE(policy.allows(NetworkAction::connect, nth(Policy::kMaxRemembered), 1));
}

TEST(Policy, ResolvesTheNamesOfItsRulesAndAllForAnyHost) {
  EXPECT_TRUE(policy_of({"a.example:1"}).may_resolve("a.example"));
  EXPECT_FALSE(policy_of({"a.example:1"}).may_resolve("x.a.example"));
  EXPECT_FALSE(policy_of({"0.0.0.0/0:*", "listen:*:*"}).may_resolve("a.example"));
  EXPECT_TRUE(policy_of({"*:443"}).may_resolve("a.example"));
}

}  // namespace
}  // namespace twine::net
