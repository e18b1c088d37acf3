#include "host/emulator/platform.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>

namespace twine::host::emulator {
namespace {

constexpr std::string_view kFileHeader = "twine emulated platform secret v1\n";
constexpr size_t kSecretSize = 32;
constexpr size_t kFileSize = kFileHeader.size() + 2 * kSecretSize + 1;

std::unexpected<Error> file_error(const std::string& path, const char* what) {
  return fail(
      ErrorCode::io,
      path + ": " + what + ": " + std::strerror(errno) +
          "; the emulator keeps its platform secret there: make the folder writable or set XDG_STATE_HOME");
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

using Secret = std::array<uint8_t, kSecretSize>;

Result<Secret> parse_secret(const std::string& path, std::string_view text) {
  const auto malformed = [&] {
    return fail(
        ErrorCode::malformed,
        path + ": not a platform secret of the emulator; move the file away (data sealed under it is lost)");
  };
  if (text.size() != kFileSize || !text.starts_with(kFileHeader) || text.back() != '\n') return malformed();
  Secret secret{};
  for (size_t i = 0; i < kSecretSize; ++i) {
    const int high = hex_value(text[kFileHeader.size() + 2 * i]);
    const int low = hex_value(text[kFileHeader.size() + 2 * i + 1]);
    if (high < 0 || low < 0) return malformed();
    secret[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return secret;
}

Result<void> random_bytes(std::span<uint8_t> out) {
  if (getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) {
    return fail(ErrorCode::io, std::string("emulator: getrandom: ") + std::strerror(errno));
  }
  return {};
}

// Written under a temporary name and linked into place, so that two first starts at once agree on one secret.
Result<void> make_secret(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failure);
  Secret secret{};
  if (auto random = random_bytes(secret); !random) return random;
  std::string text(kFileHeader);
  for (const uint8_t byte : secret) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  text += '\n';
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (file.get() < 0) return file_error(path, "cannot be made");
  const bool written = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(file.get()) == 0;
  const bool linked = written && (link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int saved = errno;
  unlink(temporary.c_str());
  errno = saved;
  if (!linked) return file_error(path, "cannot be written");
  return {};
}

Result<Secret> read_secret(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return file_error(path, "cannot be opened");
  char text[kFileSize + 1];
  const ssize_t size = read(file.get(), text, sizeof text);
  if (size < 0) return file_error(path, "cannot be read");
  return parse_secret(path, std::string_view(text, static_cast<size_t>(size)));
}

// A key of the package, by purpose: CMAC under the first half of the secret of the purpose's name and the
// second half.
Key128 package_key(std::span<const uint8_t, 32> secret, std::string_view purpose) {
  std::string message(purpose);
  message.append(reinterpret_cast<const char*>(secret.data() + 16), 16);
  return aes_cmac(secret.first<16>(),
                  std::span(reinterpret_cast<const uint8_t*>(message.data()), message.size()));
}

}  // namespace

Key128 aes_cmac(std::span<const uint8_t, 16> key, std::span<const uint8_t> message) {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "CMAC", nullptr);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(algorithm),
                                                                          EVP_MAC_CTX_free);
  char cipher[] = "AES-128-CBC";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                                   OSSL_PARAM_construct_end()};
  Key128 mac{};
  size_t size = 0;
  if (!context || EVP_MAC_init(context.get(), key.data(), key.size(), parameters) != 1 ||
      EVP_MAC_update(context.get(), message.data(), message.size()) != 1 ||
      EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) != 1 || size != mac.size()) {
    std::abort();  // OpenSSL without AES-CMAC: nothing sensible can follow
  }
  return mac;
}

Result<std::string> Platform::default_path() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/twine/platform-secret";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::string(home) + "/.local/state/twine/platform-secret";
  }
  return fail(ErrorCode::io,
              "emulator: neither XDG_STATE_HOME nor HOME is set, so there is no place for the platform "
              "secret; set one");
}

Result<Platform> Platform::open(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) {
    if (auto made = make_secret(path); !made) return std::unexpected(std::move(made).error());
  }
  const Secret secret = TWINE_TRY(read_secret(path));
  return Platform(secret);
}

Platform::Platform(std::span<const uint8_t, 32> secret) {
  root_key_ = package_key(secret, "twine/emulated-sgx/root");
  seal_fuses_ = package_key(secret, "twine/emulated-sgx/seal-fuses");
  // The lowest byte is the emulator's own security version; silicon's is a vector of component versions.
  cpusvn_[0] = 1;
  if (!random_bytes(report_keyid_)) std::abort();  // getrandom exists wherever this runs
}

uint64_t Platform::supported_flags() const {
  return sgx::kAttributeDebug | sgx::kAttributeMode64Bit | sgx::kAttributeProvisionKey |
         sgx::kAttributeEinittokenKey | sgx::kAttributeKss | sgx::kAttributeAexNotify;
}

uint64_t Platform::supported_xfrm() const {
  return xsave_.xcr0() & (sgx::kXfrmLegacy | sgx::kXfrmAvx | sgx::kXfrmAvx512 | sgx::kXfrmPkru);
}

Key128 Platform::derive_key(const KeyDependencies& dependencies) const {
  std::array<uint8_t, sizeof(KeyDependencies) + 16> message{};
  std::memcpy(message.data(), &dependencies, sizeof dependencies);
  // The provisioning key must not depend on what an owner can change: neither on SEAL_KEY_FUSES nor on
  // SGXOWNEREPOCH.
  if (dependencies.keyname != static_cast<uint16_t>(sgx::KeyName::provision)) {
    std::memcpy(message.data() + sizeof dependencies, seal_fuses_.data(), seal_fuses_.size());
  }
  return aes_cmac(root_key_, message);
}

}  // namespace twine::host::emulator
