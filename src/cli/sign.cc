// twine sign: an enclave image's SIGSTRUCT, in one step or in two.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "host/files/files.h"
#include "host/image/enclave_image.h"
#include "host/image/hex.h"
#include "host/image/lint.h"
#include "host/image/signing_key.h"
#include "host/image/sigstruct.h"

namespace twine::cli {
namespace {

constexpr char kFooter[] =
    "Examples, in one step, with a key in a file (by default your own, made on first use):\n"
    "  twine sign build/bin/twine-enclave\n"
    "  twine sign build/bin/twine-enclave --key release.pem\n"
    "\n"
    "In two steps, with a key that lives offline or in an HSM:\n"
    "  twine sign twine-enclave --to-be-signed enclave.tbs\n"
    "  openssl dgst -sha256 -sign release.pem -out enclave.rsa enclave.tbs       (there, where the key is)\n"
    "  twine sign twine-enclave --to-be-signed enclave.tbs --attach enclave.rsa --public-key release.pub\n"
    "\n"
    "For a debugger, a signature of its own beside the release's (twine run --debug-enclave takes it):\n"
    "  twine sign build/bin/twine-enclave --debug            writes build/bin/twine-enclave.debug.sig\n"
    "\n"
    "The key is RSA with 3072 bits and exponent 3: openssl genrsa -3 -out release.pem 3072";

struct Flags {
  std::string image;
  std::string output;
  std::string key;
  std::string to_be_signed;
  std::string attach;
  std::string public_key;
  std::string date;
  std::string allowed_instructions;
  bool list_instructions = false;
  bool allow_debug = false;
};

// BCD yyyymmdd. SOURCE_DATE_EPOCH, where set, makes the SIGSTRUCT reproducible (reproducible-builds.org).
Result<uint32_t> choose_date(const std::string& given) {
  std::string text = given;
  if (text.empty()) {
    auto now = std::chrono::system_clock::now();
    if (const char* const epoch = std::getenv("SOURCE_DATE_EPOCH"); epoch != nullptr) {
      now = std::chrono::system_clock::time_point(std::chrono::seconds(std::strtoll(epoch, nullptr, 10)));
    }
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now));
    text = fmt::format("{:04}{:02}{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()));
  }
  std::erase(text, '-');
  if (text.size() != 8 || text.find_first_not_of("0123456789") != text.npos) {
    return fail(ErrorCode::invalid_argument, "--date '" + given + "' is not of the form YYYY-MM-DD");
  }
  return static_cast<uint32_t>(std::strtoul(text.c_str(), nullptr, 16));  // decimal digits as nibbles: BCD
}

Result<image::SigningKey> open_key(const std::string& path) {
  if (!path.empty()) return image::SigningKey::load(path);
  const std::filesystem::path own = TWINE_TRY(image::default_signing_key_path());
  return image::SigningKey::load_or_create(own);
}

Result<image::RsaNumber> read_signature(const std::string& path) {
  const std::vector<uint8_t> bytes = TWINE_TRY(host::read_file(path, 1 << 16));
  image::RsaNumber signature;
  if (bytes.size() != signature.size()) {
    return fail(ErrorCode::malformed, fmt::format("{}: an RSA-3072 signature has {} bytes, this file has {}",
                                                  path, signature.size(), bytes.size()));
  }
  std::ranges::copy(bytes, signature.begin());
  return signature;
}

Result<sgx::Sigstruct> attach(const Flags& flags, const image::Mrenclave& mrenclave) {
  if (flags.to_be_signed.empty() || flags.public_key.empty()) {
    return fail(ErrorCode::invalid_argument,
                "--attach needs the data that was signed, --to-be-signed FILE, and the key's public half, "
                "--public-key FILE");
  }
  const std::vector<uint8_t> data = TWINE_TRY(host::read_file(flags.to_be_signed, 1 << 16));
  Result<sgx::Sigstruct> sigstruct = image::from_to_be_signed(data);
  if (!sigstruct) return within(flags.to_be_signed, std::move(sigstruct).error());
  if (!std::ranges::equal(sigstruct->enclavehash, mrenclave)) {
    return fail(ErrorCode::signature, fmt::format("{}: was made for another enclave image, MRENCLAVE {}",
                                                  flags.to_be_signed, image::to_hex(sigstruct->enclavehash)));
  }
  const image::RsaNumber modulus = TWINE_TRY(image::load_public_key(flags.public_key));
  const image::RsaNumber signature = TWINE_TRY(read_signature(flags.attach));
  if (Result<void> attached = image::attach_signature(*sigstruct, modulus, signature); !attached) {
    return within(flags.attach, std::move(attached).error());
  }
  return sigstruct;
}

// Refuses an image with an instruction that nobody has given a reason for (host/image/lint.h).
Result<void> lint(const Flags& flags, std::span<const uint8_t> file) {
  std::vector<image::AllowedInstruction> allowed;
  if (flags.allowed_instructions.empty()) {
    allowed = TWINE_TRY(image::own_allowed_instructions());
  } else {
    const std::vector<uint8_t> text = TWINE_TRY(host::read_file(flags.allowed_instructions, 1 << 20));
    allowed = TWINE_TRY(image::parse_allowed_instructions(
        std::string_view(reinterpret_cast<const char*>(text.data()), text.size()),
        flags.allowed_instructions));
  }
  const std::vector<image::InstructionSite> sites = TWINE_TRY(image::lint_image(file, allowed));
  if (flags.list_instructions) {
    for (const image::InstructionSite& site : sites)
      fmt::print("{}: {}\n", site.text(), site.allowed() ? site.reason : "NOT ALLOWED");
  }
  return image::require_allowed(sites);
}

Result<int> sign(const Flags& flags) {
  if (!flags.key.empty() && (!flags.to_be_signed.empty() || !flags.attach.empty())) {
    return fail(ErrorCode::invalid_argument,
                "--key signs at once; --to-be-signed and --attach are for a key that is elsewhere");
  }
  // Read once: what is signed is what was looked at.
  const std::vector<uint8_t> file = TWINE_TRY(host::read_file(flags.image, image::kMaxImageFileSize));
  Result<image::EnclaveImage> parsed = image::EnclaveImage::from_elf(file);
  if (!parsed) return within(flags.image, std::move(parsed).error());
  const image::EnclaveImage enclave = std::move(*parsed);
  if (Result<void> clean = lint(flags, file); !clean) return within(flags.image, std::move(clean).error());
  const image::Mrenclave mrenclave = enclave.measure();
  sgx::Sigstruct sigstruct;
  if (!flags.attach.empty()) {
    sigstruct = TWINE_TRY(attach(flags, mrenclave));
  } else {
    const image::SigstructOptions options{.date = TWINE_TRY(choose_date(flags.date)),
                                          .allow_debug = flags.allow_debug,
                                          .isv_prod_id = enclave.note().isv_prod_id,
                                          .isv_svn = enclave.note().isv_svn};
    sigstruct = image::make_sigstruct(mrenclave, options);
    if (!flags.to_be_signed.empty()) {
      TWINE_TRY(host::write_file(flags.to_be_signed, image::to_be_signed(sigstruct)));
      fmt::print("MRENCLAVE  {}\n", image::to_hex(mrenclave));
      return 0;
    }
    const image::SigningKey key = TWINE_TRY(open_key(flags.key));
    TWINE_TRY(key.sign(sigstruct));
  }
  // Never over the release's signature, unless -o says so.
  const bool debug = image::allows_debug(sigstruct);
  const std::string output =
      flags.output.empty() ? flags.image + (debug ? ".debug.sig" : ".sig") : flags.output;
  TWINE_TRY(host::write_file(output, image::to_bytes(sigstruct)));
  fmt::print("MRENCLAVE  {}\n", image::to_hex(mrenclave));
  fmt::print("MRSIGNER   {}\n", image::to_hex(image::mrsigner_of(sigstruct)));
  fmt::print("ISVSVN     {}\n", sigstruct.isvsvn);
  if (debug)
    fmt::print("DEBUG      ALLOWED: whoever starts the enclave so can read and change everything in it\n");
  return 0;
}

}  // namespace

void add_sign(CLI::App& app, int& status) {
  auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("sign", "Sign an enclave image: make its SIGSTRUCT");
  command->footer(kFooter);
  command->add_option("ENCLAVE", flags->image, "Enclave image")->required()->type_name("");
  command
      ->add_option("-o,--output", flags->output,
                   "SIGSTRUCT to write (ENCLAVE.sig, with --debug ENCLAVE.debug.sig)")
      ->type_name("FILE");
  command
      ->add_option("--allowed-instructions", flags->allowed_instructions,
                   "List of SYMBOL INSTRUCTION REASON for an image that is not Twine's own")
      ->type_name("FILE");
  command->add_flag("--list-instructions", flags->list_instructions,
                    "Print every instruction that needs a reason, with its function");
  command->add_option("--key", flags->key, "Private key, a PEM file (your own, made on first use)")
      ->type_name("FILE");
  command
      ->add_option("--to-be-signed", flags->to_be_signed,
                   "First step: write the 256 bytes to be signed; second: read them")
      ->type_name("FILE");
  command
      ->add_option("--attach", flags->attach,
                   "Second step: the signature, PKCS #1 v1.5 with SHA-256, 384 bytes")
      ->type_name("FILE");
  command->add_option("--public-key", flags->public_key, "Second step: the key's public half, a PEM file")
      ->type_name("FILE");
  command
      ->add_option("--date", flags->date, "Date in the SIGSTRUCT, YYYY-MM-DD (SOURCE_DATE_EPOCH, else today)")
      ->type_name("DATE");
  command->add_flag("--debug", flags->allow_debug,
                    "Allow the DEBUG attribute: an enclave started with it keeps no secret");
  set_action(command, status, [flags] { return sign(*flags); });
}

}  // namespace twine::cli
