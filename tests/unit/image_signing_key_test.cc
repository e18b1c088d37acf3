// Enclave signing keys on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "host/image/signing_key.h"

namespace twine::image {
namespace {

using ::testing::HasSubstr;

class SigningKeyFile : public ::testing::Test {
 protected:
  SigningKeyFile() {
    char name[] = "/tmp/twine-key-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~SigningKeyFile() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path write(const char* name, const std::string& text, mode_t mode = 0600) {
    const auto path = directory_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::filesystem::path directory_;
};

TEST_F(SigningKeyFile, IsMadeOnFirstUseAndKeptPrivate) {
  const auto path = directory_ / "deeper" / "key.pem";
  const auto first = SigningKey::load_or_create(path);
  ASSERT_TRUE(first) << first.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
  const auto second = SigningKey::load_or_create(path);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->modulus(), second->modulus());
}

TEST_F(SigningKeyFile, IsTheSameForTwoWhoMakeItAtOnce) {
  const auto path = directory_ / "key.pem";
  std::vector<RsaNumber> moduli(3);
  {
    std::vector<std::jthread> threads;
    for (RsaNumber& modulus : moduli)
      threads.emplace_back([&] { modulus = SigningKey::load_or_create(path).value().modulus(); });
  }
  EXPECT_EQ(moduli[0], moduli[1]);
  EXPECT_EQ(moduli[0], moduli[2]);
}

TEST_F(SigningKeyFile, IsRefusedWhenOthersCanReadIt) {
  const auto path = directory_ / "key.pem";
  ASSERT_TRUE(SigningKey::load_or_create(path));
  ::chmod(path.c_str(), 0644);
  const auto key = SigningKey::load(path);
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, HasSubstr("chmod 600"));
}

TEST_F(SigningKeyFile, IsRefusedWhenItIsNoKey) {
  const auto key = SigningKey::load(write("key.pem", "no key\n"));
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, HasSubstr("openssl genrsa -3"));
}

TEST_F(SigningKeyFile, IsRefusedWithAnotherExponent) {
  const auto path = directory_ / "key.pem";
  ASSERT_EQ(
      std::system(("openssl genrsa -out " + path.string() + " 2048 2>/dev/null && chmod 600 " + path.string())
                      .c_str()),
      0);
  const auto key = SigningKey::load(path);
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, HasSubstr("3072 bits and exponent 3"));
}

TEST_F(SigningKeyFile, SaysThatItIsMissing) {
  const auto key = SigningKey::load(directory_ / "none.pem");
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, HasSubstr("none.pem: no such file"));
}

TEST_F(SigningKeyFile, YieldsItsPublicHalfThroughOpenssl) {
  const auto path = directory_ / "key.pem";
  const auto public_path = directory_ / "public.pem";
  const auto key = SigningKey::load_or_create(path);
  ASSERT_TRUE(key);
  ASSERT_EQ(std::system(("openssl rsa -in " + path.string() + " -pubout -out " + public_path.string() +
                         " 2>/dev/null")
                            .c_str()),
            0);
  const auto modulus = load_public_key(public_path);
  ASSERT_TRUE(modulus) << modulus.error().message;
  EXPECT_EQ(*modulus, key->modulus());
}

}  // namespace
}  // namespace twine::image
