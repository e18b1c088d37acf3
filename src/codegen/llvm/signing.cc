#include "codegen/llvm/signing.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

namespace twine::codegen {
namespace {

template <auto free_function>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }  // readers only; writers close by hand
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class KeySigner final : public Signer {
 public:
  KeySigner(Key key, PublicKey public_key) : key_(std::move(key)), public_key_(public_key) {}

  [[nodiscard]] PublicKey public_key() const override { return public_key_; }

  [[nodiscard]] Result<Signature> sign(std::span<const uint8_t> message) const override {
    Signature signature{};
    size_t size = signature.size();
    const DigestContext context(EVP_MD_CTX_new());
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1 ||
        size != signature.size()) {
      return fail(ErrorCode::internal, "OpenSSL could not make an Ed25519 signature");
    }
    return signature;
  }

 private:
  Key key_;
  PublicKey public_key_;
};

Result<std::unique_ptr<Signer>> signer_of(Key key) {
  PublicKey public_key{};
  size_t size = public_key.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) != 1 || size != public_key.size()) {
    return fail(ErrorCode::internal, "OpenSSL could not give the public part of an Ed25519 key");
  }
  return std::make_unique<KeySigner>(std::move(key), public_key);
}

Result<Key> generate() {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) return fail(ErrorCode::internal, "OpenSSL could not generate an Ed25519 key");
  return key;
}

std::unexpected<Error> system_error(const std::filesystem::path& path, const char* what) {
  const int number = errno;
  const ErrorCode code = number == ENOENT   ? ErrorCode::not_found
                         : number == EACCES ? ErrorCode::permission
                                            : ErrorCode::io;
  return fail(code, path.string() + ": " + what + ": " + std::strerror(number));
}

// Writes the key under a name of its own, then links it to `path`, which fails if somebody was faster: a
// reader never sees half a key, and nobody's key is overwritten.
Result<void> store(const Key& key, const std::filesystem::path& path) {
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);  // mode 0600
  if (descriptor < 0) return system_error(path, "cannot create the signing key");
  std::FILE* file = ::fdopen(descriptor, "w");
  const bool written = file != nullptr &&
                       PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
                       std::fflush(file) == 0 && ::fsync(descriptor) == 0;
  if (file == nullptr) {
    ::close(descriptor);
  } else if (std::fclose(file) != 0 || !written) {
    ::unlink(temporary.c_str());
    return system_error(path, "cannot write the signing key");
  }
  const bool linked = ::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST;
  const int number = errno;
  ::unlink(temporary.c_str());
  errno = number;
  if (!linked) return system_error(path, "cannot create the signing key");
  return {};
}

}  // namespace

Result<std::unique_ptr<Signer>> load_signing_key(const std::filesystem::path& path) {
  const File file(std::fopen(path.c_str(), "re"));
  if (!file) return system_error(path, "cannot open the signing key");
  struct stat status{};
  if (::fstat(::fileno(file.get()), &status) != 0)
    return system_error(path, "cannot inspect the signing key");
  if ((status.st_mode & 077) != 0) {
    return fail(ErrorCode::permission,
                path.string() + ": others can read this signing key; chmod 600 it, or make a new one");
  }
  // No callback: a key with a passphrase is refused instead of asked about.
  Key key(PEM_read_PrivateKey(file.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
  if (!key || EVP_PKEY_is_a(key.get(), "ED25519") != 1) {
    return fail(ErrorCode::malformed, path.string() +
                                          ": not an unencrypted Ed25519 private key in PEM; make one with "
                                          "`openssl genpkey -algorithm ed25519`");
  }
  return signer_of(std::move(key));
}

Result<std::unique_ptr<Signer>> load_or_create_signing_key(const std::filesystem::path& path) {
  auto existing = load_signing_key(path);
  if (existing || existing.error().code != ErrorCode::not_found) return existing;
  if (path.has_parent_path() && !std::filesystem::exists(path.parent_path())) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return fail(ErrorCode::io, path.parent_path().string() + ": " + error.message());
    std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, error);
    if (error) return fail(ErrorCode::io, path.parent_path().string() + ": " + error.message());
  }
  const Key key = TWINE_TRY(generate());
  TWINE_TRY(store(key, path));
  return load_signing_key(path);
}

Result<std::unique_ptr<Signer>> make_ephemeral_signing_key() {
  return signer_of(TWINE_TRY(generate()));
}

bool verify_signature(const PublicKey& key, std::span<const uint8_t> message, const Signature& signature) {
  const Key public_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const DigestContext context(EVP_MD_CTX_new());
  return public_key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace twine::codegen
