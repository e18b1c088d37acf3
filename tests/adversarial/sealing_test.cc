// Who can open what an enclave has sealed: whole enclaves on the software SGX, the same image signed at several security versions, by
// two signers, with DEBUG and without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "host/image/enclave.h"
#include "host/image/signing_key.h"
#include "host/image/sigstruct.h"
#include "host/launch/pages.h"
#include "host/services/services.h"
#include "host/sgx/driver.h"
#include "host/sgx/thread.h"

namespace twine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kSecret = "the owner's data";

class ServiceHandler final : public host::sgx::HostCallHandler {
 public:
  explicit ServiceHandler(host::Services& services) : services_(services) {}
  void host_call(std::span<uint8_t> arena) override { services_.serve(std::as_writable_bytes(arena)); }

 private:
  host::Services& services_;
};

struct Who {
  uint16_t isv_svn = 2;
  bool debug = false;
  bool other_signer = false;
  bool other_machine = false;
};

const image::SigningKey& signer(bool other) {
  static const image::SigningKey ours = image::SigningKey::generate().value();
  static const image::SigningKey theirs = image::SigningKey::generate().value();
  return other ? theirs : ours;
}

class Sealing : public ::testing::Test {
 protected:
  Sealing() {
    char name[] = "/tmp/twine-sealing-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~Sealing() override { std::filesystem::remove_all(directory_); }

  // What the enclave answers to a command (sealing_enclave.cc).
  std::string ask(const Who& who, std::string_view command) {
    static const image::EnclaveImage image = image::EnclaveImage::load(SEALING_ENCLAVE).value();
    sgx::Sigstruct sigstruct = image::make_sigstruct(
        image.measure(),
        {.date = 0x20240607, .allow_debug = who.debug, .isv_prod_id = 1, .isv_svn = who.isv_svn});
    EXPECT_TRUE(signer(who.other_signer).sign(sigstruct));
    host::sgx::EmulatorOptions options;
    options.platform_secret_path = directory_ / (who.other_machine ? "secret-2" : "secret-1");
    auto driver = host::sgx::open_emulated_driver(options);
    if (!driver) return driver.error().message;
    auto enclave = image::Enclave::build(std::move(*driver), image, sigstruct, {.debug = who.debug});
    if (!enclave) return enclave.error().message;
    host::EnclavePages pages(*enclave);
    host::ServicesConfig config;
    const auto bytes = std::as_bytes(std::span(command));
    config.manifest.assign(bytes.begin(), bytes.end());
    config.pages = &pages;
    const auto services = host::Services::create(std::move(config)).value();
    ServiceHandler handler(*services);
    host::sgx::EnclaveThread thread(enclave->driver(), enclave->tcs_address(0), handler);
    if (const auto ran = thread.run(); !ran) return ran.error().message;
    const std::vector<std::byte> output = services->output();
    return {reinterpret_cast<const char*>(output.data()), output.size()};
  }
  std::string seal(const Who& who, char policy) {
    return ask(who, std::string("s") + policy + std::string(kSecret));
  }
  std::string unseal(const Who& who, std::string_view blob) { return ask(who, "u" + std::string(blob)); }

  const std::string kOpened = "=" + std::string(kSecret);
  const std::string kDoesNotOpen = "!the sealed blob does not open";

 private:
  std::filesystem::path directory_;
};

TEST_F(Sealing, IsOpenedByTheEnclaveThatSealedInAnotherLife) {
  for (const char policy : {'0', '1'}) EXPECT_EQ(unseal({}, seal({}, policy)), kOpened);
}

TEST_F(Sealing, ANewerVersionOpensWhatAnOlderSealed) {
  for (const char policy : {'0', '1'})
    EXPECT_EQ(unseal({.isv_svn = 3}, seal({.isv_svn = 2}, policy)), kOpened);
}

TEST_F(Sealing, AnOlderVersionRefusesWhatANewerSealedAndNamesBoth) {
  for (const char policy : {'0', '1'}) {
    EXPECT_EQ(unseal({.isv_svn = 2}, seal({.isv_svn = 3}, policy)),
              "!sealed by a newer version (SVN 3) of this enclave; this one is SVN 2: upgrade to SVN 3 or "
              "later to open it");
  }
}

TEST_F(Sealing, ABlobThatLiesAboutItsVersionDoesNotOpen) {
  std::string blob = seal({.isv_svn = 3}, '1');
  blob[12] = 2;  // isv_svn: "sealed by SVN 2"
  EXPECT_THAT(unseal({.isv_svn = 2}, blob), StartsWith(kDoesNotOpen));
  EXPECT_THAT(unseal({.isv_svn = 3}, blob), StartsWith(kDoesNotOpen));
}

TEST_F(Sealing, ADebugEnclaveCannotOpenWhatAProductionEnclaveSealed) {
  for (const char policy : {'0', '1'})
    EXPECT_THAT(unseal({.debug = true}, seal({}, policy)), StartsWith(kDoesNotOpen));
}

TEST_F(Sealing, AProductionEnclaveCannotOpenWhatADebugEnclaveSealed) {
  for (const char policy : {'0', '1'}) {
    const std::string blob = seal({.debug = true}, policy);
    EXPECT_EQ(unseal({.debug = true}, blob), kOpened);
    EXPECT_THAT(unseal({}, blob), StartsWith(kDoesNotOpen));
  }
}

TEST_F(Sealing, AnotherSignerOpensOnlyWhatIsSealedToTheImage) {
  EXPECT_THAT(unseal({.other_signer = true}, seal({}, '1')), StartsWith(kDoesNotOpen));
  EXPECT_EQ(unseal({.other_signer = true}, seal({}, '0')), kOpened) << "MRENCLAVE is the same, whoever signs";
}

TEST_F(Sealing, AnotherMachineOpensNothing) {
  for (const char policy : {'0', '1'}) {
    EXPECT_THAT(unseal({.other_machine = true}, seal({}, policy)), StartsWith(kDoesNotOpen));
  }
}

TEST_F(Sealing, TellsInsideWhetherItIsADebugEnclaveAndWhichVersion) {
  EXPECT_EQ(ask({.isv_svn = 7}, "i"), "P7");
  EXPECT_EQ(ask({.isv_svn = 8, .debug = true}, "i"), "D8");
}

TEST_F(Sealing, TheSecretIsNotInTheBlob) {
  EXPECT_EQ(seal({}, '0').find(kSecret), std::string::npos);
}

TEST(DebugEnclave, IsRefusedUnderAReleaseSignature) {
  const image::EnclaveImage image = image::EnclaveImage::load(SEALING_ENCLAVE).value();
  sgx::Sigstruct sigstruct = image::make_sigstruct(image.measure(), {.date = 0x20240607, .isv_svn = 1});
  ASSERT_TRUE(signer(false).sign(sigstruct));
  auto driver = host::sgx::open_emulated_driver({});
  ASSERT_TRUE(driver) << driver.error().message;
  const auto enclave = image::Enclave::build(std::move(*driver), image, sigstruct, {.debug = true});
  ASSERT_FALSE(enclave.has_value());
  EXPECT_THAT(enclave.error().message, HasSubstr("does not allow the DEBUG attribute"));
}

}  // namespace
}  // namespace twine
