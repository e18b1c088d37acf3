// A small enclave for sealing_test: what the runtime's enclave is made of, with another main. Its manifest input is one command,
// its output the answer:
//
//   's' policy secret…   a sealed blob (policy: '0' this enclave, '1' this signer), in the context "test"
//   'u' blob…            "=" and the secret, or "!" and the error's message
//   'i'                  "D" if the enclave is a debug enclave, "P" if not, and its ISVSVN in decimal
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/decimal.h"
#include "common/hostcall.h"
#include "enclave/crypto/sealed_blob.h"
#include "enclave/hostcall/hostcalls.h"
#include "enclave/platform/platform.h"
#include "enclave/start/start.h"

namespace twine {
namespace {

constexpr uint8_t kContext[] = {'t', 'e', 's', 't'};

std::vector<uint8_t> read_command() {
  constexpr auto input = std::to_underlying(hostcall::LaunchInput::manifest);
  std::vector<uint8_t> command(hostcall::input_size(input).value_or(0));
  size_t have = 0;
  while (have < command.size()) {
    const auto read =
        hostcall::input_read(input, have, std::as_writable_bytes(std::span(command)).subspan(have));
    if (!read || *read == 0) enclave::panic("the command cannot be read");
    have += *read;
  }
  return command;
}

std::vector<uint8_t> text(char first, std::string_view rest) {
  std::vector<uint8_t> bytes(1, static_cast<uint8_t>(first));
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

std::vector<uint8_t> answer(std::span<const uint8_t> command) {
  if (command.empty()) enclave::panic("no command");
  switch (command[0]) {
    case 's': {
      const auto policy =
          command[1] == '0' ? enclave::SealPolicy::this_enclave : enclave::SealPolicy::this_signer;
      auto blob = enclave::seal(policy, command.subspan(2), kContext);
      return blob ? *std::move(blob) : text('!', blob.error().message);
    }
    case 'u': {
      const auto opened = enclave::unseal(command.subspan(1), kContext);
      if (!opened) return text('!', opened.error().message);
      std::vector<uint8_t> bytes(1, '=');
      bytes.insert(bytes.end(), opened->secret.begin(), opened->secret.end());
      return bytes;
    }
    case 'i':
      return text(enclave::identity().is_debug ? 'D' : 'P', decimal(enclave::identity().isv_svn));
    default:
      enclave::panic("an unknown command");
  }
}

}  // namespace

int64_t enclave_main() {
  const std::vector<uint8_t> bytes = answer(read_command());
  std::span<const std::byte> rest = std::as_bytes(std::span(bytes));
  while (!rest.empty()) {
    const auto written = hostcall::output_write(rest);
    if (!written || *written == 0) enclave::panic("the answer was not taken");
    rest = rest.subspan(*written);
  }
  return 0;
}

}  // namespace twine
