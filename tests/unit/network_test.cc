// The rules of --allow-net: what they look like, and what they admit.
#include "common/network.h"

#include <gtest/gtest.h>

#include "common/manifest.h"

namespace twine {
namespace {

NetworkRule rule(std::string_view text) {
  const auto parsed = parse_network_rule(text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed.value_or(NetworkRule{});
}

IpAddress ip(std::string_view text) {
  const auto parsed = parse_ip(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(IpAddress{});
}

bool connects(std::string_view text, std::string_view address, uint16_t port) {
  return admits(rule(text), NetworkAction::connect, ip(address), port);
}

TEST(IpAddress, ReadsBackAsRfc5952WritesIt) {
  for (const auto& [text, canonical] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"0.0.0.0", "0.0.0.0"},
           {"255.1.20.3", "255.1.20.3"},
           {"::", "::"},
           {"::1", "::1"},
           {"1::", "1::"},
           {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
           {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
           {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
           {"::ffff:1.2.3.4", "::ffff:102:304"},
           {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"}}) {
    EXPECT_EQ(to_text(ip(text)), canonical);
    EXPECT_EQ(ip(canonical), ip(text));
  }
}

TEST(IpAddress, RefusesWhatResolversWouldGuessAt) {
  for (const std::string_view text : {"",
                                      "1",
                                      "1.2.3",
                                      "127.1",
                                      "1.2.3.4.",
                                      "1.2.3.4.5",
                                      "01.2.3.4",
                                      "0x7f.0.0.1",
                                      "256.0.0.1",
                                      "1.2.3.-4",
                                      "1.2..4",
                                      ":",
                                      ":::",
                                      "1:2",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:",
                                      ":1:2:3:4:5:6:7",
                                      "12345::",
                                      "::g",
                                      "::1%lo",
                                      "1.2.3.4::",
                                      "::1.2.3",
                                      "1:2:3:4:5:6:7::8",
                                      "::1.2.3.4:5"}) {
    EXPECT_FALSE(parse_ip(text).has_value()) << text;
  }
}

TEST(IpAddress, AMappedOneIsItsIpv4Address) {
  EXPECT_EQ(ip("::ffff:10.1.2.3").unmapped(), IpAddress::v4(10, 1, 2, 3));
  EXPECT_EQ(ip("::fffe:10.1.2.3").unmapped(), ip("::fffe:10.1.2.3"));
  EXPECT_EQ(ip("::1").unmapped(), ip("::1"));
}

TEST(HostName, IsLowerCaseWithoutTheFinalDot) {
  EXPECT_EQ(canonical_host_name("Example.ORG."), "example.org");
  EXPECT_EQ(canonical_host_name("a_b-c.1x"), "a_b-c.1x");
  const std::string label(63, 'a');
  EXPECT_TRUE(canonical_host_name(label + ".b").has_value());
}

TEST(HostName, RefusesWhatIsNone) {
  const std::string label(64, 'a');
  for (const std::string_view text :
       {std::string_view(""), std::string_view("."), std::string_view(".."), std::string_view("a..b"),
        std::string_view(".a"), std::string_view("1.2.3"), std::string_view("a.1"), std::string_view("127"),
        std::string_view("a.0x7f"), std::string_view("0x7f000001"), std::string_view("a b"),
        std::string_view("a/b"), std::string_view("a\0b", 3), std::string_view("ä.org"),
        std::string_view(label)}) {
    EXPECT_FALSE(canonical_host_name(text).has_value()) << text;
  }
  EXPECT_FALSE(canonical_host_name(std::string(120, 'a') + "." + std::string(140, 'b')).has_value());
}

TEST(NetworkRule, ReadsBackFromItsText) {
  for (const std::string_view text :
       {"example.org:443", "example.org:*", "*:53", "*:*", "10.0.0.0/8:*", "127.0.0.1:80", "[::1]:80",
        "[fd00::/8]:1", "[::/0]:*", "0.0.0.0/0:65535", "listen:127.0.0.1:8080", "listen:[::]:*",
        "listen:*:80", "listen.:1", "listen.org:1", "listening:1"}) {
    EXPECT_EQ(to_text(rule(text)), text);
    EXPECT_TRUE(check_network_rule(rule(text)).has_value()) << text;
  }
  EXPECT_EQ(to_text(rule("EXAMPLE.org.:1")), "example.org:1");
  EXPECT_EQ(to_text(rule("LISten.:1")), "listen.:1");
  EXPECT_EQ(rule("listen.:1").name, "listen");
  EXPECT_EQ(to_text(rule("1.2.3.4/32:1")), "1.2.3.4:1");
  EXPECT_EQ(to_text(rule("[::ffff:10.0.0.0/104]:1")), "10.0.0.0/8:1");
}

TEST(NetworkRule, SaysWhatIsWrong) {
  for (const auto& [text, why] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"", "the port is missing"},
           {"example.org", "the port is missing"},
           {"[::1]", "the port is missing"},
           {"example.org:", "neither 1 to 65535 nor *"},
           {"example.org:0", "neither 1 to 65535 nor *"},
           {"example.org:65536", "neither 1 to 65535 nor *"},
           {"example.org:080", "neither 1 to 65535 nor *"},
           {"example.org:http", "neither 1 to 65535 nor *"},
           {"::1:80", "stands in [ ]"},
           {"[127.0.0.1]:80", "holds an IPv6 address"},
           {"[::1:80", "holds an IPv6 address"},
           {"10.0.0.1/8:80", "bits set beyond"},
           {"10.0.0.0/33:80", "the number of bits"},
           {"[::/129]:80", "the number of bits"},
           {"10.0.0.0/:80", "the number of bits"},
           {"10.0.0.0/08:80", "the number of bits"},
           {"example.org/8:80", "not an address"},
           {":80", "neither an address nor a host name"},
           {"127.1:80", "neither an address nor a host name"},
           {"listen:example.org:80", "by address, not by name"},
           {"listEn:7", "the port is missing"},
           {"bind:127.0.0.1:80", "stands in [ ]"}}) {
    const auto parsed = parse_network_rule(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_TRUE(parsed.error().message.contains(why)) << text << ": " << parsed.error().message;
  }
}

TEST(NetworkRule, AdmitsItsAddressesAtItsPortsOnly) {
  EXPECT_TRUE(connects("127.0.0.1:80", "127.0.0.1", 80));
  EXPECT_FALSE(connects("127.0.0.1:80", "127.0.0.1", 81));
  EXPECT_FALSE(connects("127.0.0.1:80", "127.0.0.2", 80));
  EXPECT_TRUE(connects("127.0.0.1:*", "127.0.0.1", 9));
  EXPECT_TRUE(connects("10.0.0.0/9:*", "10.127.255.255", 1));
  EXPECT_FALSE(connects("10.0.0.0/9:*", "10.128.0.0", 1));
  EXPECT_TRUE(connects("[fc00::/7]:*", "fdff::1", 1));
  EXPECT_FALSE(connects("[fd00::/8]:*", "fc00::1", 1));
  EXPECT_TRUE(connects("*:1", "8.8.8.8", 1));
  EXPECT_TRUE(connects("*:1", "::1", 1));
}

TEST(NetworkRule, AFamilysRuleIsNoneOfTheOther) {
  EXPECT_FALSE(connects("0.0.0.0/0:*", "::1", 1));
  EXPECT_FALSE(connects("[::/0]:*", "10.0.0.1", 1));
  // Neither form of an IPv4 address gets round the other's rule.
  EXPECT_TRUE(connects("10.0.0.0/8:*", "::ffff:10.0.0.1", 1));
  EXPECT_FALSE(connects("[::/0]:*", "::ffff:10.0.0.1", 1));
  EXPECT_TRUE(connects("[::ffff:10.0.0.0/104]:*", "10.0.0.1", 1));
}

TEST(NetworkRule, ConnectingAndListeningAreApart) {
  EXPECT_FALSE(admits(rule("127.0.0.1:80"), NetworkAction::listen, ip("127.0.0.1"), 80));
  EXPECT_FALSE(connects("listen:127.0.0.1:80", "127.0.0.1", 80));
  EXPECT_TRUE(admits(rule("listen:127.0.0.1:80"), NetworkAction::listen, ip("127.0.0.1"), 80));
  // Any port of the host's choice is every port.
  EXPECT_FALSE(admits(rule("listen:127.0.0.1:80"), NetworkAction::listen, ip("127.0.0.1"), 0));
  EXPECT_TRUE(admits(rule("listen:127.0.0.1:*"), NetworkAction::listen, ip("127.0.0.1"), 0));
}

TEST(NetworkRule, OfANameAdmitsNoAddressByItself) {
  EXPECT_FALSE(connects("example.org:80", "93.184.216.34", 80));
}

TEST(NetworkRule, InAManifestMustBeCanonical) {
  NetworkRule upper = rule("example.org:80");
  upper.name = "Example.org";
  NetworkRule loose = rule("10.0.0.0/8:80");
  loose.address[3] = 1;
  NetworkRule both = rule("10.0.0.0/8:80");
  both.name = "example.org";
  NetworkRule odd = rule("10.0.0.0/8:80");
  odd.address.push_back(0);
  NetworkRule wide = rule("10.0.0.0/8:80");
  wide.prefix = 33;
  for (const NetworkRule& wrong : {upper, loose, both, odd, wide})
    EXPECT_FALSE(check_network_rule(wrong).has_value()) << to_text(wrong);
}

TEST(Endpoint, IsAnAddressAndAPort) {
  EXPECT_EQ(to_text(*parse_endpoint("127.0.0.1:0")), "127.0.0.1:0");
  EXPECT_EQ(to_text(*parse_endpoint("[::1]:80")), "[::1]:80");
  for (const std::string_view text : {"", "127.0.0.1", "127.0.0.1:", "localhost:80", "::1:80",
                                      "[127.0.0.1]:80", "[::1]", "127.0.0.1:65536", "*:80"}) {
    EXPECT_FALSE(parse_endpoint(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace twine
