// Which input changes which key: SDM table "Key Derivation", column by column, and what a platform is to a key.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <string>

#include "emulator_leaf_world.h"
#include "temporary_directory.h"

namespace twine::test {
namespace {

using emulator::Key128;
using sgx::KeyName;
using sgx::KeyRequest;

constexpr uint64_t kAttributes = sgx::kAttributeMode64Bit | sgx::kAttributeKss | sgx::kAttributeProvisionKey |
                                 sgx::kAttributeEinittokenKey;
constexpr uint16_t kAllPolicies = sgx::kKeypolicyMrenclave | sgx::kKeypolicyMrsigner |
                                  sgx::kKeypolicyConfigid | sgx::kKeypolicyIsvfamilyid |
                                  sgx::kKeypolicyIsvextprodid;

KeyRequest request_for(KeyName name, uint16_t policy) {
  KeyRequest request{};
  request.keyname = static_cast<uint16_t>(name);
  request.keypolicy = policy;
  request.isvsvn = 1;
  request.configsvn = 1;
  request.attributemask = {.flags = ~uint64_t{0}, .xfrm = ~uint64_t{0}};
  request.miscmask = ~uint32_t{0};
  return request;
}

using Change = std::function<void(World&, KeyRequest&)>;

// The key that an enclave gets after `change` of it or of the request.
Key128 key_after(const KeyRequest& base, const Change& change, uint8_t secret = 0x5e) {
  World w(secret);
  w.reach(World::Stage::entered, kAttributes);
  w.enclave.secs.configsvn = 2;
  KeyRequest request = base;
  if (change) change(w, request);
  w.put(World::kOperands, request);
  w.registers().rax = static_cast<uint64_t>(sgx::Enclu::egetkey);
  w.registers().rbx = w.at(World::kOperands);
  w.registers().rcx = w.at(World::kMoreOperands);
  EXPECT_TRUE(emulator::enclu(w.cpu).ok());
  EXPECT_EQ(w.registers().rax, 0U);
  return w.get<Key128>(World::kMoreOperands);
}

// A column of the matrix: a key as it is asked for.
struct Column {
  const char* name;
  KeyRequest base;
};

const std::array<Column, 7>& columns() {
  static const std::array<Column, 7> all = {{
      {.name = "SEAL, every policy", .base = request_for(KeyName::seal, kAllPolicies)},
      {.name = "SEAL, no policy", .base = request_for(KeyName::seal, sgx::kKeypolicyNoisvprodid)},
      {.name = "EINITTOKEN", .base = request_for(KeyName::einittoken, 0)},
      {.name = "PROVISION", .base = request_for(KeyName::provision, 0)},
      {.name = "PROVISION_SEAL, every policy", .base = request_for(KeyName::provision_seal, kAllPolicies)},
      {.name = "PROVISION_SEAL, no policy",
       .base = request_for(KeyName::provision_seal, sgx::kKeypolicyNoisvprodid)},
      {.name = "REPORT", .base = request_for(KeyName::report, 0)},
  }};
  return all;
}

// A row: what is changed, and for each column whether another key comes ('x') or the same ('.').
struct Row {
  const char* input;
  const char* changes;
  Change change;
};

#define TWINE_CHANGE(...)       \
  [](World& w, KeyRequest& r) { \
    static_cast<void>(w);       \
    static_cast<void>(r);       \
    __VA_ARGS__;                \
  }

const std::array<Row, 22>& rows() {
  // Columns: SEAL all, SEAL none, EINITTOKEN, PROVISION, PROVISION_SEAL all, PROVISION_SEAL none, REPORT.
  static const std::array<Row, 22> all = {{
      {"SECS.MRENCLAVE", "x.....x", TWINE_CHANGE(w.enclave.secs.mrenclave[0] ^= 1)},
      {"SECS.MRSIGNER", "x.xxxx.", TWINE_CHANGE(w.enclave.secs.mrsigner[31] ^= 1)},
      {"SECS.ISVPRODID", "x.xxx..", TWINE_CHANGE(w.enclave.secs.isvprodid ^= 1)},
      {"SECS.ISVSVN", ".......", TWINE_CHANGE(w.enclave.secs.isvsvn += 1)},
      {"SECS.ISVFAMILYID", "x...x..", TWINE_CHANGE(w.enclave.isvfamilyid[0] ^= 1)},
      {"SECS.ISVEXTPRODID", "x...x..", TWINE_CHANGE(w.enclave.isvextprodid[15] ^= 1)},
      {"SECS.CONFIGID", "x...x.x", TWINE_CHANGE(w.enclave.secs.configid[63] ^= 1)},
      {"SECS.CONFIGSVN", "......x", TWINE_CHANGE(w.enclave.secs.configsvn += 1)},
      {"SECS.ATTRIBUTES.DEBUG", "xxxxxxx", TWINE_CHANGE(w.flags() |= sgx::kAttributeDebug)},
      {"SECS.ATTRIBUTES.AEXNOTIFY", "xxxxxxx", TWINE_CHANGE(w.flags() |= sgx::kAttributeAexNotify)},
      {"SECS.XFRM", "xxxxxxx", TWINE_CHANGE(w.enclave.secs.attributes.xfrm |= sgx::kXfrmAvx)},
      {"SECS.MISCSELECT", "xxxxxxx", TWINE_CHANGE(w.enclave.secs.miscselect = 0)},
      {"KEYREQUEST.ISVSVN", "xxxxxx.", TWINE_CHANGE(r.isvsvn += 1)},
      {"KEYREQUEST.CPUSVN", "xxxxxx.", TWINE_CHANGE(r.cpusvn[0] ^= 1)},
      {"KEYREQUEST.KEYID", "xxx...x", TWINE_CHANGE(r.keyid[31] ^= 1)},
      {"KEYREQUEST.CONFIGSVN", "x...x..", TWINE_CHANGE(r.configsvn += 1)},
      {"KEYREQUEST.ATTRIBUTEMASK, a flag that is not set", "xx.xxx.",
       TWINE_CHANGE(r.attributemask.flags ^= uint64_t{1} << 40)},
      {"KEYREQUEST.ATTRIBUTEMASK, an XFRM bit that is not set", "xx.xxx.",
       TWINE_CHANGE(r.attributemask.xfrm ^= uint64_t{1} << 40)},
      {"KEYREQUEST.MISCMASK, a bit that is not set", "xx.xxx.", TWINE_CHANGE(r.miscmask ^= 1U << 5)},
      {"KEYREQUEST.KEYPOLICY", "xx..xx.", TWINE_CHANGE(r.keypolicy ^= sgx::kKeypolicyMrenclave)},
      {"nothing", ".......", TWINE_CHANGE()},
      {"the number of times it is asked for", ".......",
       [](World& w, KeyRequest& r) {
         w.put(World::kOperands, r);
         w.registers().rbx = w.at(World::kOperands);
         w.registers().rcx = w.at(World::kMoreOperands);
         EXPECT_TRUE(emulator::egetkey(w.cpu).ok());
       }},
  }};
  return all;
}

class KeyMatrix : public ::testing::TestWithParam<size_t> {};

TEST_P(KeyMatrix, EachInputChangesTheKeysOfTheTableAndNoOther) {
  const Column& column = columns()[GetParam()];
  const Key128 reference = key_after(column.base, {});
  for (const Row& row : rows()) {
    ASSERT_EQ(std::strlen(row.changes), columns().size());
    EXPECT_EQ(key_after(column.base, row.change) != reference, row.changes[GetParam()] == 'x')
        << column.name << ": " << row.input;
  }
}

TEST_P(KeyMatrix, AnotherPlatformGivesAnotherKey) {
  const Column& column = columns()[GetParam()];
  EXPECT_NE(key_after(column.base, {}, 1), key_after(column.base, {}, 2)) << column.name;
}

INSTANTIATE_TEST_SUITE_P(Of, KeyMatrix, ::testing::Range(size_t{0}, columns().size()));

TEST(KeyMatrix, NoTwoKeysAreTheSame) {
  for (size_t a = 0; a < columns().size(); ++a) {
    for (size_t b = 0; b < a; ++b)
      EXPECT_NE(key_after(columns()[a].base, {}), key_after(columns()[b].base, {}))
          << columns()[a].name << " and " << columns()[b].name;
  }
}

// With a mask of zero a key does not depend on attributes, but for INIT and DEBUG.
TEST(KeyMatrix, AttributesOutsideTheMaskDoNotMatterButDebugDoes) {
  const Change no_mask = TWINE_CHANGE(r.attributemask = {});
  const Change with_notice = TWINE_CHANGE(r.attributemask = {}; w.flags() |= sgx::kAttributeAexNotify);
  const Change with_avx = TWINE_CHANGE(r.attributemask = {}; w.enclave.secs.attributes.xfrm |= sgx::kXfrmAvx);
  const Change with_debug = TWINE_CHANGE(r.attributemask = {}; w.flags() |= sgx::kAttributeDebug);
  const KeyRequest& seal = columns()[0].base;
  EXPECT_EQ(key_after(seal, no_mask), key_after(seal, with_notice));
  EXPECT_EQ(key_after(seal, no_mask), key_after(seal, with_avx));
  EXPECT_NE(key_after(seal, no_mask), key_after(seal, with_debug));
}

Key128 key_of_platform(const std::string& path) {
  const auto platform = emulator::Platform::open(path);
  if (!platform) std::abort();
  emulator::KeyDependencies dependencies;
  dependencies.keyname = static_cast<uint16_t>(KeyName::seal);
  return platform->derive_key(dependencies);
}

TEST(PlatformKeys, SurviveTheProcessAndDifferBetweenPlatforms) {
  const testing::TemporaryDirectory folder;
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();  // the first run makes the secret
  if (child == 0) {
    const Key128 key = key_of_platform(folder / "one");
    _exit(write(pipe_ends[1], key.data(), key.size()) == static_cast<ssize_t>(key.size()) ? 0 : 1);
  }
  Key128 first_run{};
  ASSERT_EQ(read(pipe_ends[0], first_run.data(), first_run.size()), static_cast<ssize_t>(first_run.size()));
  int status = 0;
  waitpid(child, &status, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(key_of_platform(folder / "one"), first_run);
  EXPECT_NE(key_of_platform(folder / "two"), first_run);
}

}  // namespace
}  // namespace twine::test
