// twine run: a program inside an enclave.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/compile_flags.h"
#include "cli/progress.h"
#include "cli/statistics.h"
#include "codegen/llvm/signing.h"
#include "host/files/files.h"
#include "host/image/hex.h"
#include "twine/twine.hpp"

namespace twine::cli {
namespace {

constexpr char kFooter[] =
    "Everything after MODULE belongs to the guest, flags included.\n"
    "\n"
    "Examples:\n"
    "  twine run hello.wasm Ada\n"
    "  twine run --dir data::/data:ro --env LANG=C app.wasm --verbose /data/input.csv\n"
    "  twine run --invoke add sum.wasm 40 2\n"
    "  twine run --invoke shuffle simd.wasm i32x4:1,2,3,4 0x000102030405060708090a0b0c0d0e0f\n"
    "  twine run --listen 127.0.0.1:8080 --dir site::/site:ro http-server.wasm\n"
    "  twine run --allow-net example.org:443 fetch.wasm\n"
    "  twine run --stats --max-memory 512M app.twm < input\n"
    "\n"
    "Arguments of --invoke: integers decimal or 0x-hexadecimal; floats, nan and inf among them; v128 by its "
    "lanes (i8x16, "
    "i16x8,\n"
    "i32x4, i64x2, f32x4, f64x2), the first one first, or as 0x and 32 hexadecimal digits, as results are "
    "printed; references "
    "null.\n"
    "\n"
    "Exit status: the guest's; 134 when it trapped, with the trap's name and a backtrace on standard error;\n"
    "125 when nothing was run, or when the enclave ended before the guest (attacked, lost, out of protected "
    "memory).";

struct RunFlags {
  std::vector<std::string> directories;
  std::vector<std::string> memory_directories;
  std::vector<std::string> environment;
  std::vector<std::string> listeners;
  std::vector<int> inherited;
  std::vector<std::string> network_rules;
  std::vector<std::string> preloads;
  std::vector<std::string> trusted_keys;
  std::string invoke;
  std::string sgx = "auto";
  std::string enclave;
  std::optional<std::string> max_memory;
  std::optional<std::string> timeout;
  std::optional<std::string> wall_time;
  std::optional<std::string> max_table_elements;
  std::optional<std::string> max_instances;
  std::optional<std::string> fuel;
  std::string stats;
  std::string confine;  // empty: auto, or off for a debug enclave, which debuggers must reach
  std::string exitless = "auto";
  std::string profile;
  CompileFlags compile;
  bool no_cache = false;
  bool where = false;
  bool debug_enclave = false;
  bool debug_info = false;
};

// What a flag says; its error names the flag.
Result<uint64_t> named(std::string_view flag, Result<uint64_t> value) {
  if (!value) return within(flag, std::move(value).error());
  return value;
}

struct Directory {
  std::string host;
  std::string guest;
  bool read_only = false;
};

// HOST[::GUEST][:ro]
Result<Directory> parse_directory(std::string text) {
  Directory directory;
  const std::string whole = text;
  if (text.ends_with(":ro")) {
    directory.read_only = true;
    text.resize(text.size() - 3);
  }
  const size_t separator = text.find("::");
  directory.host = text.substr(0, separator);
  directory.guest = separator == text.npos ? directory.host : text.substr(separator + 2);
  if (directory.host.empty() || directory.guest.empty()) {
    return fail(ErrorCode::invalid_argument, "--dir '" + whole + "' is not of the form HOST[::GUEST][:ro]");
  }
  return directory;
}

// GUEST[:SIZE]
Result<void> add_memory_directory(api::Launch& launch, const std::string& text) {
  constexpr uint64_t kDefaultSize = uint64_t{128} << 20;
  const size_t colon = text.rfind(':');
  const std::string guest = text.substr(0, colon);
  uint64_t size = kDefaultSize;
  if (colon != text.npos) size = TWINE_TRY(parse_size(text.substr(colon + 1)));
  if (guest.empty() || size == 0)
    return fail(ErrorCode::invalid_argument, "--tmp '" + text + "' is not of the form GUEST[:SIZE]");
  launch.add_memory_directory(guest, size);
  return {};
}

// A public key in hexadecimal, or a PEM file with the private one.
Result<api::Digest> parse_key(const std::string& text) {
  if (const auto digest = parse_digest(text)) return *digest;
  const auto signer = codegen::load_signing_key(text);
  if (signer) return (*signer)->public_key();
  if (signer.error().code != ErrorCode::not_found) return std::unexpected(signer.error());
  return fail(ErrorCode::invalid_argument,
              "--trust-key '" + text +
                  "' is neither 64 hexadecimal digits nor a key file; `twine inspect` prints a .twm's key");
}

Result<twine_sgx> parse_sgx(const std::string& text) {
  if (text == "auto") return TWINE_SGX_AUTO;
  if (text == "hardware") return TWINE_SGX_HARDWARE;
  if (text == "emulated") return TWINE_SGX_EMULATED;
  return fail(ErrorCode::invalid_argument, "--sgx '" + text + "' is none of auto, hardware, emulated");
}

Result<twine_confinement> parse_confinement(const std::string& text, bool debug_enclave) {
  if (text.empty()) return debug_enclave ? TWINE_CONFINE_OFF : TWINE_CONFINE_AUTO;
  if (text == "auto") return TWINE_CONFINE_AUTO;
  if (text == "require") return TWINE_CONFINE_REQUIRE;
  if (text == "off") return TWINE_CONFINE_OFF;
  return fail(ErrorCode::invalid_argument, "--confine '" + text + "' is none of auto, require, off");
}

Result<twine_exitless> parse_exitless(const std::string& text) {
  if (text == "auto") return TWINE_EXITLESS_AUTO;
  if (text == "on") return TWINE_EXITLESS_ON;
  if (text == "off") return TWINE_EXITLESS_OFF;
  return fail(ErrorCode::invalid_argument, "--exitless '" + text + "' is none of auto, on, off");
}

Result<api::Module> read_module(const std::string& path, const CompileFlags& flags, bool no_cache) {
  api::CompileOptions options = TWINE_TRY(flags.to_options());
  options.set_cache(!no_cache);
  ProgressBar bar(std::filesystem::path(path).filename());
  bar.attach(options);
  auto module = api::Module::read(path, options);
  if (!module) return std::unexpected(to_error(module.error()));
  if (!module->warning().empty()) fmt::print(stderr, "twine: {}\n", module->warning());
  return std::move(*module);
}

Result<void> add_network(api::Launch& launch, const RunFlags& flags) {
  for (const std::string& address : flags.listeners) {
    const auto port = launch.add_listener(address);
    if (!port) return std::unexpected(to_error(port.error()));
    if (address.ends_with(":0"))
      fmt::print(stderr, "twine: listening on {}:{}\n", address.substr(0, address.size() - 2), *port);
  }
  for (const int descriptor : flags.inherited) {
    if (auto added = launch.add_socket(descriptor); !added) return std::unexpected(to_error(added.error()));
  }
  for (const std::string& rule : flags.network_rules) {
    if (auto allowed = launch.allow_network(rule); !allowed)
      return std::unexpected(to_error(allowed.error()));
  }
  return {};
}

Result<void> configure(api::Launch& launch, const RunFlags& flags) {
  for (const std::string& text : flags.directories) {
    const Directory directory = TWINE_TRY(parse_directory(text));
    launch.add_directory(directory.host, directory.guest, directory.read_only);
  }
  for (const std::string& text : flags.memory_directories) TWINE_TRY(add_memory_directory(launch, text));
  TWINE_TRY(add_network(launch, flags));
  for (const std::string& variable : flags.environment) {
    if (auto added = launch.add_environment(variable); !added)
      return std::unexpected(to_error(added.error()));
  }
  for (const std::string& text : flags.trusted_keys) launch.trust_key(TWINE_TRY(parse_key(text)));
  for (const std::string& text : flags.preloads) {
    const size_t equals = text.find('=');
    if (equals == text.npos || equals == 0) {
      return fail(ErrorCode::invalid_argument, "--preload '" + text + "' is not of the form NAME=MODULE");
    }
    launch.add_preload(text.substr(0, equals),
                       TWINE_TRY(read_module(text.substr(equals + 1), flags.compile, flags.no_cache)));
  }
  if (!flags.invoke.empty()) launch.set_invoke(flags.invoke);
  launch.set_confinement(TWINE_TRY(parse_confinement(flags.confine, flags.debug_enclave)));
  launch.set_exitless(TWINE_TRY(parse_exitless(flags.exitless)));
  if (flags.max_table_elements)
    launch.set_table_limit(TWINE_TRY(parse_count("--max-table-elements", *flags.max_table_elements)));
  if (flags.max_instances)
    launch.set_instance_limit(TWINE_TRY(parse_count("--max-instances", *flags.max_instances)));
  if (flags.fuel) launch.set_fuel(TWINE_TRY(parse_count("--fuel", *flags.fuel)));
  if (flags.timeout) launch.set_timeout(TWINE_TRY(named("--timeout", parse_duration(*flags.timeout))));
  if (flags.max_memory)
    launch.set_memory_limit(TWINE_TRY(named("--max-memory", parse_size(*flags.max_memory))));
  if (flags.wall_time) {
    const auto [not_before, not_after] = TWINE_TRY(parse_wall_time(*flags.wall_time));
    launch.set_wall_time(not_before, not_after);
  }
  return {};
}

void print_where(const api::Enclave& enclave, const api::Module& module) {
  fmt::print(stderr, "ran in     {}{}\n", enclave.is_debug() ? "a DEBUG enclave, readable by its host: " : "",
             enclave.is_emulated() ? "an emulated SGX enclave: no secrecy" : "an SGX enclave");
  fmt::print(stderr, "MRENCLAVE  {}\n", image::to_hex(enclave.mrenclave()));
  fmt::print(stderr, "MRSIGNER   {}\n", image::to_hex(enclave.mrsigner()));
  fmt::print(stderr, "ISVSVN     {}\n", enclave.isv_svn());
  fmt::print(stderr, "module     sha256 {}\n", image::to_hex(module.wasm_sha256()));
  fmt::print(stderr, "code key   ed25519 {}\n", image::to_hex(module.signer()));
}

Result<int> run(const RunFlags& flags, const std::vector<std::string>& words) {
  if (words.empty()) return fail(ErrorCode::invalid_argument, "MODULE is missing; see twine run --help");
  if (words.front().starts_with('-') && words.front() != "-") {
    return fail(ErrorCode::invalid_argument, "run has no flag " + words.front() + "; see twine run --help");
  }
  if (!flags.stats.empty() && flags.stats != "table" && flags.stats != "json") {
    return fail(ErrorCode::invalid_argument, "--stats '" + flags.stats + "' is neither table nor json");
  }
  if (!flags.profile.empty() && flags.profile != "perfmap")
    return fail(ErrorCode::invalid_argument, "--profile '" + flags.profile + "' is not perfmap");
  if (!flags.profile.empty() && !flags.debug_enclave) {
    return fail(ErrorCode::invalid_argument,
                "--profile needs --debug-enclave: of no other enclave is it told what runs inside");
  }
  const twine_sgx sgx = TWINE_TRY(parse_sgx(flags.sgx));
  const std::string& path = words.front();

  // What is cheap and can fail comes before compilation.
  const auto image = flags.enclave.empty() ? std::nullopt : std::optional(flags.enclave);
  const auto enclave =
      flags.debug_enclave ? api::Enclave::load_debug(image, sgx) : api::Enclave::load(image, sgx);
  if (!enclave) return std::unexpected(to_error(enclave.error()));
  const api::Module module = TWINE_TRY(read_module(path, flags.compile, flags.no_cache));

  api::Launch launch(module);
  launch.add_argument(std::filesystem::path(path).filename());
  for (size_t i = 1; i < words.size(); ++i) launch.add_argument(words[i]);
  TWINE_TRY(configure(launch, flags));
  launch.set_perf_map(!flags.profile.empty());
  launch.set_debug_info(flags.debug_info);

  const auto result = launch.run(*enclave);
  if (!result) return std::unexpected(to_error(result.error()));
  fmt::print("{}", result->values());
  std::fflush(stdout);
  if (result->trapped()) fmt::print(stderr, "twine: {}", result->backtrace());
  if (flags.where) print_where(*enclave, module);
  if (flags.stats == "json")
    fmt::print(stderr, "{}", statistics_json(result->statistics(), result->confinement()));
  if (flags.stats == "table")
    fmt::print(stderr, "{}", statistics_table(result->statistics(), result->confinement()));
  return static_cast<int>(result->exit_status() & 0xff);
}

}  // namespace

void add_run(CLI::App& app, int& status) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* const command = app.add_subcommand("run", "Run a program (.wasm or .twm) inside an enclave");
  command->footer(kFooter);
  command->prefix_command();
  const auto repeated = [](CLI::Option* option) {
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
    return option;
  };
  repeated(command->add_option("--dir", flags->directories,
                               "Lend a directory to the guest, as GUEST or under its own name"))
      ->type_name("HOST[::GUEST][:ro]");
  repeated(command->add_option(
               "--tmp", flags->memory_directories,
               "Give the guest an empty directory in enclave memory, gone at the end (128M; 512M together)"))
      ->type_name("GUEST[:SIZE]");
  repeated(
      command->add_option("--env", flags->environment, "Set a variable of the guest, who sees no others"))
      ->type_name("NAME=VALUE");
  repeated(command->add_option("--listen", flags->listeners,
                               "Listen there for the guest, who accepts on the descriptor after its "
                               "directories (3 without any); port 0: a free one, which is printed"))
      ->type_name("ADDRESS:PORT");
  repeated(command->add_option("--inherit-fd", flags->inherited,
                               "Lend the guest this open socket, after those of --listen"))
      ->type_name("N");
  repeated(command->add_option("--allow-net", flags->network_rules,
                               "Let the guest connect and send to HOST, a name, 10.0.0.0/8, [fd00::/8] or *, "
                               "at PORT, a number or *; listen:ADDRESS:PORT lets it bind there"))
      ->type_name("[listen:]HOST:PORT");
  command->add_option("--invoke", flags->invoke, "Call this export instead of _start; ARGS are its own")
      ->type_name("FUNCTION");
  repeated(
      command->add_option("--preload", flags->preloads, "Instantiate another module first, to import from"))
      ->type_name("NAME=MODULE");
  command
      ->add_option("--max-table-elements", flags->max_table_elements, "What a table may grow to (10000000)")
      ->type_name("N");
  command
      ->add_option("--max-instances", flags->max_instances,
                   "Modules that may be instantiated, preloaded ones among them (10000)")
      ->type_name("N");
  command
      ->add_option("--fuel", flags->fuel,
                   "What the guest may execute, in WebAssembly operators; then it ends with a trap, always "
                   "at the same point")
      ->type_name("N");
  command
      ->add_option("--timeout", flags->timeout,
                   "Interrupt the guest when it has run for so long: it ends with a trap, exit status 134")
      ->type_name("TIME");
  command
      ->add_option("--wall-time", flags->wall_time,
                   "Between what times (UTC) the host's wall clock is believed; a host that says another "
                   "time ends the "
                   "enclave: 2026-01-01..2026-06-30T12:00:00")
      ->type_name("MIN..MAX");
  command->add_option("--max-memory", flags->max_memory, "What a linear memory may grow to (4G)")
      ->type_name("SIZE");
  command
      ->add_option("--confine", flags->confine,
                   "Give up what the launch does not need (files, network, system calls) before entering the "
                   "enclave: auto (as far as the kernel can), require, off (with --debug-enclave)")
      ->type_name("HOW");
  command
      ->add_option("--exitless", flags->exitless,
                   "Serve the guest's calls by a second thread while the enclave waits inside: auto (where "
                   "there is a second processor, "
                   "and calls are frequent), on, off")
      ->type_name("HOW");
  command->add_option("--sgx", flags->sgx, "auto (hardware where its driver is present), hardware, emulated")
      ->type_name("WHICH");
  command
      ->add_option("--enclave", flags->enclave,
                   "Enclave image, signed by FILE.sig (twine-enclave beside twine)")
      ->type_name("FILE");
  repeated(command->add_option("--trust-key", flags->trusted_keys,
                               "Accept compiled modules signed by this key: hexadecimal, or its file"))
      ->type_name("KEY");
  command->add_flag("--no-cache", flags->no_cache, "Compile anew, and keep nothing");
  flags->compile.add_to(*command);
  command->add_flag("--stats{table}", flags->stats,
                    "Say on standard error what the launch cost; --stats=json for programs");
  command->add_flag("--where", flags->where,
                    "Say on standard error where it ran: MRENCLAVE, hardware or emulated, module hash");
  command->add_flag("--debug-info", flags->debug_info,
                    "Tell source lines in the backtrace of a trap, where a module was compiled with -g");
  command
      ->add_option("--profile", flags->profile,
                   "perfmap: leave /tmp/perf-PID.map for perf, of a debug enclave")
      ->type_name("HOW");
  command->add_flag(
      "--debug-enclave", flags->debug_enclave,
      "Let gdb and perf into the enclave, which then keeps no secret (signature: twine sign --debug)");
  set_action(command, status, [flags, command] {
    flags->compile.counts_fuel = flags->fuel.has_value();
    return run(*flags, command->remaining());
  });
}

}  // namespace twine::cli
