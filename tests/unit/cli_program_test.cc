// The twine program from outside: exit statuses, messages, arguments that pass through, signing in two steps.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace twine {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kNotice[] = "twine: emulated SGX: no secrecy, for development only\n";

struct Outcome {
  int status = -1;
  std::string output;
  std::string error;
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Twine : public ::testing::Test {
 protected:
  Twine() {
    char name[] = "/tmp/twine-program-XXXXXX";
    directory_ = mkdtemp(name);
    ::setenv("XDG_CONFIG_HOME", (directory_ / "config").c_str(), 1);
    ::setenv("XDG_CACHE_HOME", (directory_ / "cache").c_str(), 1);
    ::setenv("XDG_STATE_HOME", (directory_ / "state").c_str(), 1);
  }
  ~Twine() override { std::filesystem::remove_all(directory_); }

  // Runs a program in the test's directory, with its output in files.
  Outcome execute(const std::vector<std::string>& words, const std::string& output = "out") {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::chdir(directory_.c_str()) != 0) _exit(99);
      const auto redirect = [](const char* path, int flags, int to) {
        const int file = ::open(path, flags, 0600);
        if (file < 0 || ::dup2(file, to) < 0) _exit(97);
      };
      redirect("/dev/null", O_RDONLY, 0);
      redirect(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 1);
      redirect("err", O_WRONLY | O_CREAT | O_TRUNC, 2);
      std::vector<char*> arguments;
      arguments.reserve(words.size() + 1);
      for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      ::execvp(arguments[0], arguments.data());
      _exit(98);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            .output = contents(directory_ / "out"),
            .error = contents(directory_ / "err")};
  }

  Outcome twine(std::vector<std::string> words) {
    words.insert(words.begin(), TWINE_BINARIES "/twine");
    return execute(words);
  }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::binary) << text;
    return name;
  }

  // A module from its text form.
  std::string module(const std::string& name, const std::string& text) {
    write(name + ".wat", text);
    const Outcome outcome = execute({"wat2wasm", name + ".wat", "-o", name});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    return name;
  }

  // Exits with the number of its arguments.
  std::string count_arguments() {
    return module("count.wasm", R"((module
      (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (drop (call $sizes (i32.const 0) (i32.const 4))) (call $exit (i32.load (i32.const 0))))))");
  }

  // Writes its second argument, or the empty string.
  std::string echo() {
    return module("echo.wasm", R"((module
      (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (drop (call $args (i32.const 16) (i32.const 4096)))
        (i32.store (i32.const 8) (i32.load (i32.const 20)))
        (i32.store (i32.const 12) (i32.sub (i32.add (i32.const 4096) (i32.load (i32.const 4)))
                                           (i32.load (i32.const 20))))
        (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0))))))");
  }

  std::filesystem::path directory_;
};

TEST_F(Twine, TellsItsVersionAndExplainsEveryCommand) {
  EXPECT_THAT(twine({"--version"}).output, MatchesRegex("twine [0-9.]+\n"));
  EXPECT_EQ(twine({}).status, 0);
  for (const char* command : {"run", "compile", "inspect", "sign", "doctor"}) {
    const Outcome help = twine({command, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.output, HasSubstr("Example"));
    EXPECT_THAT(help.output, HasSubstr(std::string("twine ") + command));
    EXPECT_EQ(help.error, "");
  }
}

TEST_F(Twine, PassesEverythingAfterTheModuleToTheGuest) {
  const std::string count = count_arguments();
  EXPECT_EQ(twine({"run", count}).status, 1);
  EXPECT_EQ(twine({"run", count, "--help", "--dir", "-x", "--", "", "run", "--stats=json"}).status, 8);
  const std::string echoing = echo();
  EXPECT_EQ(twine({"run", echoing, "--invoke"}).output, std::string("--invoke\0", 9));
  EXPECT_EQ(twine({"run", echoing, "--"}).output, std::string("--\0", 3));
  EXPECT_EQ(twine({"run", echoing, "@file [a,b] \"q\" \\"}).output,
            std::string("@file [a,b] \"q\" \\\0", 18));
}

TEST_F(Twine, SaysInOneLineThatAnEmulatedEnclaveKeepsNoSecret) {
  const Outcome outcome = twine({"run", "--sgx", "emulated", count_arguments()});
  EXPECT_EQ(outcome.error, kNotice);
}

TEST_F(Twine, ExitsWith134AndABacktraceWhenTheGuestTraps) {
  const Outcome outcome = twine({"run", module("trap.wasm", R"((module
    (func $deepest (unreachable)) (func $middle (call $deepest)) (func (export "_start") (call $middle))))")});
  EXPECT_EQ(outcome.status, 134);
  EXPECT_THAT(outcome.error, HasSubstr("twine: trap: unreachable\n"));
  EXPECT_EQ(outcome.output, "");
}

TEST_F(Twine, InvokesAnExportAndPrintsItsResults) {
  const std::string sum = module("sum.wasm", R"((module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "half") (param f64) (result f64 i64) (f64.div (local.get 0) (f64.const 2)) (i64.const -1))))");
  EXPECT_EQ(twine({"run", "--invoke", "add", sum, "40", "2"}).output, "42\n");
  EXPECT_EQ(twine({"run", "--invoke", "add", sum, "-1", "0xffffffff"}).output, "-2\n");
  EXPECT_EQ(twine({"run", "--invoke", "half", sum, "3"}).output, "1.5\n-1\n");
  EXPECT_THAT(twine({"run", "--invoke", "add", sum, "1"}).error,
              HasSubstr("add takes 2 arguments (i32, i32), 1 given"));
  EXPECT_THAT(twine({"run", "--invoke", "add", sum, "1", "x"}).error,
              HasSubstr("argument 2 of add: 'x' is not a value of type i32"));
  EXPECT_THAT(twine({"run", "--invoke", "sub", sum}).error,
              HasSubstr("no exported function is called 'sub'; it has add, half"));
}

TEST_F(Twine, InstantiatesPreloadedModulesForImport) {
  const std::string library =
      module("library.wasm", R"((module (func (export "seven") (result i32) (i32.const 7))))");
  const std::string user =
      module("user.wasm", R"((module (import "numbers" "seven" (func $seven (result i32)))
    (func (export "twice") (result i32) (i32.mul (call $seven) (i32.const 2)))))");
  EXPECT_EQ(twine({"run", "--preload", "numbers=" + library, "--invoke", "twice", user}).output, "14\n");
  const Outcome missing = twine({"run", "--invoke", "twice", user});
  EXPECT_EQ(missing.status, 125);
  EXPECT_THAT(missing.error, HasSubstr("numbers"));
}

TEST_F(Twine, RefusesAMemoryBeyondItsLimit) {
  const std::string large = module("large.wasm", R"((module (memory 32) (func (export "_start"))))");
  EXPECT_EQ(twine({"run", "--max-memory", "2M", large}).status, 0);
  const Outcome outcome = twine({"run", "--max-memory", "1M", large});
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.error, HasSubstr("memory"));
}

TEST_F(Twine, SharesMemoriesTablesAndGlobalsBetweenPreloadedModules) {
  const std::string library = module("library.wasm", R"((module
    (memory (export "memory") 1 4)
    (table (export "table") 2 funcref)
    (global (export "count") (mut i32) (i32.const 5))
    (global (export "base") i32 (i32.const 100))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "apply") (param i32) (result i32) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1)))
    (func (export "pages") (result i32) (memory.size))))");
  const std::string user = module("user.wasm", R"((module
    (import "library" "memory" (memory 1))
    (import "library" "table" (table 2 funcref))
    (import "library" "count" (global $count (mut i32)))
    (import "library" "base" (global $base i32))
    (import "library" "load" (func $load (param i32) (result i32)))
    (import "library" "apply" (func $apply (param i32) (result i32)))
    (import "library" "pages" (func $pages (result i32)))
    (data (global.get $base) "\2a\00\00\00")
    (elem (i32.const 1) $triple)
    (func $triple (param i32) (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.mul (local.get 0) (i32.const 3)))
    (func (export "all") (result i32 i32 i32 i32)
      (drop (memory.grow (i32.const 2)))
      (call $load (i32.const 100)) (call $apply (i32.const 7)) (global.get $count) (call $pages))))");
  EXPECT_EQ(twine({"run", "--preload", "library=" + library, "--invoke", "all", user}).output,
            "42\n21\n6\n3\n");
}

TEST_F(Twine, RefusesImportsOfAnotherTypeThanWhatIsExported) {
  const std::string library = module("library.wasm", R"((module
    (memory (export "memory") 1 4)
    (table (export "table") 2 4 funcref)
    (global (export "count") (mut i32) (i32.const 5))
    (func (export "f") (param i32))))");
  for (const auto& [import, says] : std::vector<std::pair<std::string, std::string>>{
           {R"("f" (func (param i64)))", "a function (i64) → () is imported, (i32) → () is there"},
           {R"("f" (func (param i32) (result i32)))", "incompatible import type"},
           {R"("f" (memory 1))", "incompatible import type"},
           {R"("memory" (func))", "incompatible import type"},
           {R"("memory" (memory 2))", "incompatible import type"},
           {R"("memory" (memory 1 3))", "incompatible import type"},
           {R"("table" (table 2 externref))", "incompatible import type"},
           {R"("table" (table 3 funcref))", "incompatible import type"},
           {R"("table" (table 2 3 funcref))", "incompatible import type"},
           {R"("count" (global i32))", "incompatible import type"},
           {R"("count" (global (mut i64)))", "incompatible import type"},
           {R"("count" (table 1 funcref))", "incompatible import type"},
           {R"("nothing" (func))", "unknown import"}}) {
    const std::string user =
        module("user.wasm", "(module (import \"library\" " + import + ") (func (export \"_start\")))");
    const Outcome outcome = twine({"run", "--preload", "library=" + library, user});
    EXPECT_EQ(outcome.status, 125) << import;
    EXPECT_THAT(outcome.error, HasSubstr("user.wasm: import \"library\" ")) << import;
    EXPECT_THAT(outcome.error, HasSubstr(says)) << import;
  }
}

TEST_F(Twine, RefusesTablesAndInstancesBeyondTheirLimits) {
  const std::string app = module("app.wasm", "(module (table 100 funcref) (func (export \"_start\")))");
  EXPECT_EQ(twine({"run", "--max-table-elements", "100", app}).status, 0);
  const Outcome tables = twine({"run", "--max-table-elements", "99", app});
  EXPECT_EQ(tables.status, 125);
  EXPECT_THAT(tables.error,
              HasSubstr("a table begins with 100 elements, 99 are allowed; raise --max-table-elements"));
  const Outcome instances = twine({"run", "--max-instances", "1", "--preload", "other=" + app, app});
  EXPECT_EQ(instances.status, 125);
  EXPECT_THAT(instances.error, HasSubstr("may have only 1 instances; raise --max-instances"));
}

TEST_F(Twine, InterruptsALoopThatNeverCallsOutWhenItsTimeIsOver) {
  const std::string app =
      module("app.wasm", "(module (func $spin (loop $l (br $l))) (func (export \"_start\") (call $spin)))");
  const Outcome outcome = twine({"run", "--timeout", "100ms", app});
  EXPECT_EQ(outcome.status, 134);
  EXPECT_THAT(outcome.error, HasSubstr("trap: interrupted\n    0: "));
  EXPECT_THAT(outcome.error, HasSubstr("_start"));
}

TEST_F(Twine, InterruptsAGuestThatWaitsForTheHost) {
  // poll_oneoff on a clock: an hour.
  const std::string app = module("app.wasm", R"((module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (i32.store (i32.const 16) (i32.const 1))
      (i64.store (i32.const 24) (i64.const 3600000000000))
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))))");
  const Outcome outcome = twine({"run", "--timeout", "100ms", "--stats=json", app});
  EXPECT_EQ(outcome.status, 134);
  EXPECT_THAT(outcome.error, HasSubstr("trap: interrupted\n    0: _start"));
  EXPECT_THAT(outcome.error, HasSubstr("\"linear_memory_bytes\":65536"));
}

TEST_F(Twine, LetsAGuestBeThatEndsInTime) {
  const std::string app = module("app.wasm", "(module (func (export \"_start\")))");
  EXPECT_EQ(twine({"run", "--timeout", "60s", app}).status, 0);
}

TEST_F(Twine, FailsWith125AndOneSentenceThatNamesTheFault) {
  struct Case {
    std::vector<std::string> words;
    const char* says;
  };
  const std::string good = count_arguments();
  write("empty.wasm", "");
  write("text.wat", "(module)");
  write("short.wasm", std::string("\0asm\x01\0\0\0\x01", 9));
  write("key.pem", "no key");
  ::chmod((directory_ / "key.pem").c_str(), 0600);
  for (const Case& each : std::vector<Case>{
           {{"run"}, "MODULE is missing"},
           {{"run", "--no-such-flag", good}, "--no-such-flag"},
           {{"run", "none.wasm"}, "none.wasm: no such file"},
           {{"run", "."}, ".: is a directory"},
           {{"run", "/dev/zero"}, "neither a file nor a pipe"},
           {{"run", "empty.wasm"}, "empty.wasm: the file is empty"},
           {{"run", "text.wat"}, "wat2wasm"},
           {{"run", "short.wasm"}, "short.wasm: "},
           {{"run", TWINE_BINARIES "/twine"}, "a native program"},
           {{"run", "--dir", "/no/such/directory::/d", good}, "/no/such/directory"},
           {{"run", "--dir", "", good}, "HOST[::GUEST][:ro]"},
           {{"run", "--env", "NOVALUE", good}, "NAME=VALUE"},
           {{"run", "--sgx", "imaginary", good}, "auto, hardware, emulated"},
           {{"run", "--max-memory", "lots", good}, "--max-memory: 'lots' is not a size"},
           {{"run", "--max-memory", "-1", good}, "--max-memory: '-1' is not a size"},
           {{"run", "--max-memory", "", good}, "--max-memory: '' is not a size"},
           {{"run", "--max-memory", "9999999999G", good}, "--max-memory: '9999999999G' is not a size"},
           {{"run", "--timeout", "0", good}, "--timeout: '0' is not a time above zero"},
           {{"run", "--timeout", "-3s", good}, "--timeout: '-3s' is not a time"},
           {{"run", "--timeout", "soon", good}, "--timeout: 'soon' is not a time"},
           {{"run", "--timeout", "", good}, "--timeout: '' is not a time"},
           {{"run", "--max-table-elements", "-1", good}, "--max-table-elements '-1' is not a whole number"},
           {{"run", "--max-table-elements", "1e6", good}, "--max-table-elements '1e6' is not a whole number"},
           {{"run", "--max-instances", "18446744073709551616", good}, "is not a whole number from 0 to"},
           {{"run", "--max-instances", "0", good}, "may have only 0 instances; raise --max-instances"},
           {{"run", "--stats=xml", good}, "neither table nor json"},
           {{"run", "--cpu", "6502", good}, "6502"},
           {{"run", "-O", "9", good}, "0 to 3"},
           {{"run", "--trust-key", "abc", good}, "neither 64 hexadecimal digits nor a key file"},
           {{"run", "--preload", "x", good}, "NAME=MODULE"},
           {{"run", "--enclave", "/no/such/image", good}, "/no/such/image: no such file"},
           {{"run", "--enclave", good, good}, "not an enclave image"},
           {{"compile"}, "MODULE"},
           {{"compile", good, "-o", "no/such/place.twm"}, "no such file or directory"},
           {{"compile", good, "-o", "/dev/full"}, "no space left"},
           {{"compile", good, "-o", good}, "is the module itself"},
           {{"compile", good, "--sign", "none.pem"}, "none.pem"},
           {{"compile", good, "--sign", "key.pem"}, "key.pem"},
           {{"compile", "short.wasm"}, "short.wasm: "},
           {{"sign", "none"}, "none: no such file"},
           {{"sign", good}, "not an enclave image"},
           {{"inspect", "none"}, "none: no such file"},
           {{"inspect", "text.wat"}, "neither a WebAssembly module"},
           {{"frobnicate"}, "twine --help"},
       }) {
    const Outcome outcome = twine(each.words);
    const std::string shown = testing::PrintToString(each.words) + "\n" + outcome.error;
    EXPECT_EQ(outcome.status, 125) << shown;
    EXPECT_THAT(outcome.error, HasSubstr(each.says)) << shown;
    // One line, perhaps after the notice of emulation.
    const std::string line =
        outcome.error.starts_with(kNotice) ? outcome.error.substr(sizeof(kNotice) - 1) : outcome.error;
    EXPECT_THAT(line, StartsWith("twine: ")) << shown;
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << shown;
    EXPECT_EQ(outcome.output, "") << shown;
  }
  EXPECT_FALSE(std::filesystem::exists(directory_ / "short.twm"))
      << "nothing is left of a failed compilation";
}

// Exits with 10 * (errno of reading) + (errno of writing).
TEST_F(Twine, TakesAClosedStandardStreamForAnEmptyOne) {
  module("streams.wasm", R"((module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (i32.const 16))
      (call $exit (i32.add (i32.mul (i32.const 10) (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
                           (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))))");
  const Outcome outcome = execute({"sh", "-c", TWINE_BINARIES "/twine run streams.wasm <&- >&- 2>&-"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  // Nothing that was opened got what the guest wrote.
  EXPECT_EQ(twine({"run", "streams.wasm"}).status, 0);
}

TEST_F(Twine, FailsWhenItsOutputCannotBeWritten) {
  const Outcome outcome = execute({TWINE_BINARIES "/twine", "inspect", count_arguments()}, "/dev/full");
  EXPECT_EQ(outcome.status, 125);
}

TEST_F(Twine, HardwareIsRefusedWithWhatIsMissing) {
  if (std::filesystem::exists("/dev/sgx_enclave")) GTEST_SKIP() << "this machine has SGX";
  const Outcome outcome = twine({"run", "--sgx", "hardware", count_arguments()});
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.error, HasSubstr("/dev/sgx_enclave"));
  EXPECT_THAT(outcome.error, HasSubstr("twine doctor"));
}

TEST_F(Twine, AnswersDoctorWithARemedyForEachThingMissing) {
  const Outcome outcome = twine({"doctor"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.output, HasSubstr("hardware SGX"));
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  missing") && !line.starts_with("  note")) continue;
    std::string next;
    ASSERT_TRUE(std::getline(lines, next));
    EXPECT_THAT(next, HasSubstr("→")) << line;
  }
}

TEST_F(Twine, RunsWhatItCompiledAheadOfTime) {
  const std::string count = count_arguments();
  ASSERT_EQ(twine({"compile", count, "-o", "count.twm", "-O", "1"}).status, 0);
  EXPECT_EQ(twine({"run", "count.twm", "a", "b"}).status, 3);
  const Outcome inspected = twine({"inspect", "count.twm"});
  EXPECT_THAT(inspected.output, HasSubstr("signature         valid"));
}

TEST_F(Twine, RefusesCodeOfAStrangersKeyUntilItIsTrusted) {
  const std::string count = count_arguments();
  ASSERT_EQ(execute({"openssl", "genpkey", "-algorithm", "ed25519", "-out", "stranger.pem"}).status, 0);
  ::chmod((directory_ / "stranger.pem").c_str(), 0600);
  ASSERT_EQ(twine({"compile", count, "-o", "count.twm", "--sign", "stranger.pem"}).status, 0);
  const Outcome refused = twine({"run", "count.twm"});
  EXPECT_EQ(refused.status, 125);
  EXPECT_THAT(refused.error, HasSubstr("key"));
  EXPECT_EQ(twine({"run", "--trust-key", "stranger.pem", "count.twm"}).status, 1);
  const std::string inspected = twine({"inspect", "count.twm"}).output;
  const size_t at = inspected.find("ed25519 ") + 8;
  EXPECT_EQ(twine({"run", "--trust-key", inspected.substr(at, 64), "count.twm"}).status, 1);
}

TEST_F(Twine, RefusesCodeThatWasChangedOrIsForAnotherEnclave) {
  const std::string count = count_arguments();
  ASSERT_EQ(twine({"compile", count, "-o", "count.twm"}).status, 0);
  std::string changed = contents(directory_ / "count.twm");
  changed[changed.size() / 2] ^= 1;
  write("changed.twm", changed);
  EXPECT_EQ(twine({"run", "changed.twm"}).status, 125);
  ASSERT_EQ(twine({"compile", count, "-o", "other.twm", "--only-enclave", std::string(64, '1')}).status, 0);
  const Outcome refused = twine({"run", "other.twm"});
  EXPECT_EQ(refused.status, 125);
  EXPECT_THAT(refused.error, HasSubstr("enclave"));
}

TEST_F(Twine, SaysWhatALaunchCostAndWhereItRan) {
  const std::string count = count_arguments();
  const Outcome json = twine({"run", "--stats=json", count});
  EXPECT_EQ(json.status, 1);
  EXPECT_THAT(json.error, HasSubstr("\"compiled\":true"));
  EXPECT_THAT(twine({"run", "--stats=json", count}).error, HasSubstr("\"compiled\":false"));
  const Outcome table = twine({"run", "--stats", "--where", count});
  EXPECT_THAT(table.error, HasSubstr("asynchronous exits (AEX)"));
  EXPECT_THAT(table.error, HasSubstr("MRENCLAVE  "));
  EXPECT_EQ(table.output, "");
}

// What only compiling needs must not cost every launch its loading.
TEST_F(Twine, RunsWhatIsCompiledWithoutTheCompilerAndSaysWhereItShouldBe) {
  const std::string count = count_arguments();
  ASSERT_EQ(twine({"run", count}).status, 1);  // fills the cache
  std::filesystem::create_directory(directory_ / "bin");
  for (const char* name : {"twine", "twine-enclave", "twine-enclave.sig"})
    std::filesystem::copy(std::filesystem::path(TWINE_BINARIES) / name, directory_ / "bin");
  const std::string alone = directory_ / "bin/twine";
  EXPECT_THAT(execute({"ldd", alone}).output, Not(HasSubstr("LLVM")));
  EXPECT_EQ(execute({alone, "run", count}).status, 1);
  const Outcome compiling = execute({alone, "run", "--no-cache", count});
  EXPECT_EQ(compiling.status, 125);
  EXPECT_THAT(compiling.error,
              HasSubstr("libtwine-compiler.so, is neither in " + (directory_ / "bin").string()));
}

TEST_F(Twine, RefusesACompilerThatDoesNotLoad) {
  const std::string count = count_arguments();
  std::filesystem::create_directory(directory_ / "bin");
  for (const char* name : {"twine", "twine-enclave", "twine-enclave.sig"})
    std::filesystem::copy(std::filesystem::path(TWINE_BINARIES) / name, directory_ / "bin");
  write("bin/libtwine-compiler.so", "not a shared object");
  const Outcome outcome = execute({directory_ / "bin/twine", "run", "--no-cache", count});
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.error, HasSubstr("the compiler does not load: "));
}

class Signing : public Twine {
 protected:
  Signing() {
    std::filesystem::copy(TWINE_BINARIES "/twine-enclave", directory_ / "enclave");
    EXPECT_EQ(execute({"openssl", "genrsa", "-3", "-out", "key.pem", "3072"}).status, 0);
    EXPECT_EQ(execute({"openssl", "rsa", "-in", "key.pem", "-pubout", "-out", "key.pub"}).status, 0);
    ::chmod((directory_ / "key.pem").c_str(), 0600);
  }
};

TEST_F(Signing, InTwoStepsYieldsTheSameAsInOne) {
  ASSERT_EQ(twine({"sign", "enclave", "--key", "key.pem", "--date", "2024-02-29", "-o", "one.sig"}).status,
            0);
  ASSERT_EQ(twine({"sign", "enclave", "--to-be-signed", "tbs", "--date", "2024-02-29"}).status, 0);
  EXPECT_EQ(std::filesystem::file_size(directory_ / "tbs"), 256);
  ASSERT_EQ(execute({"openssl", "dgst", "-sha256", "-sign", "key.pem", "-out", "rsa", "tbs"}).status, 0);
  const Outcome attached = twine({"sign", "enclave", "--to-be-signed", "tbs", "--attach", "rsa",
                                  "--public-key", "key.pub", "-o", "two.sig"});
  ASSERT_EQ(attached.status, 0) << attached.error;
  EXPECT_EQ(contents(directory_ / "one.sig"), contents(directory_ / "two.sig"));
  const Outcome inspected = twine({"inspect", "two.sig"});
  EXPECT_THAT(inspected.output, HasSubstr("verifies          yes"));
  EXPECT_THAT(inspected.output, HasSubstr("2024-02-29"));
}

TEST_F(Signing, MakesAnEnclaveThatRuns) {
  ASSERT_EQ(twine({"sign", "enclave", "--key", "key.pem"}).status, 0);
  EXPECT_EQ(twine({"run", "--enclave", "enclave", count_arguments()}).status, 1);
}

TEST_F(Signing, KeepsTheSignatureThatAllowsDebugApartFromTheReleases) {
  ASSERT_EQ(twine({"sign", "enclave", "--key", "key.pem"}).status, 0);
  const std::string release = contents(directory_ / "enclave.sig");

  const Outcome refused = twine({"run", "--enclave", "enclave", "--debug-enclave", count_arguments()});
  EXPECT_EQ(refused.status, 125);
  EXPECT_THAT(refused.error, HasSubstr("twine sign --debug"));

  EXPECT_THAT(twine({"sign", "enclave", "--key", "key.pem", "--debug"}).output,
              HasSubstr("DEBUG      ALLOWED"));
  EXPECT_EQ(contents(directory_ / "enclave.sig"), release);
  EXPECT_THAT(twine({"inspect", "enclave.debug.sig"}).output, HasSubstr("DEBUG             ALLOWED"));
  EXPECT_THAT(twine({"inspect", "enclave.sig"}).output, HasSubstr("DEBUG             refused"));

  const Outcome ran = twine({"run", "--enclave", "enclave", "--debug-enclave", "--where", count_arguments()});
  EXPECT_EQ(ran.status, 1) << ran.error;
  EXPECT_THAT(ran.error, HasSubstr("twine: DEBUG enclave: its host reads and changes everything in it"));
  EXPECT_THAT(ran.error, HasSubstr("ran in     a DEBUG enclave"));
  const Outcome calm = twine({"run", "--enclave", "enclave", "--where", count_arguments()});
  EXPECT_THAT(calm.error, Not(HasSubstr("DEBUG")));
  EXPECT_THAT(calm.error, HasSubstr("ISVSVN     "));
}

TEST_F(Signing, CarriesTheSecurityVersionOfTheBuild) {
  const std::string line = "ISVSVN            " + std::to_string(TWINE_ISVSVN) + "\n";
  ASSERT_EQ(twine({"sign", "enclave", "--key", "key.pem"}).status, 0);
  EXPECT_THAT(twine({"inspect", "enclave"}).output, HasSubstr(line));
  EXPECT_THAT(twine({"inspect", "enclave.sig"}).output, HasSubstr(line));
}

TEST_F(Signing, ProfilesOnlyDebugEnclaves) {
  const Outcome refused = twine({"run", "--profile=perfmap", count_arguments()});
  EXPECT_EQ(refused.status, 125);
  EXPECT_THAT(refused.error, HasSubstr("--profile needs --debug-enclave"));
  const Outcome unknown = twine({"run", "--debug-enclave", "--profile=jitdump", count_arguments()});
  EXPECT_EQ(unknown.status, 125);
  EXPECT_THAT(unknown.error, HasSubstr("is not perfmap"));
}

TEST_F(Signing, IsNotTakenForDebugWhenItDoesNotAllowIt) {
  ASSERT_EQ(twine({"sign", "enclave", "--key", "key.pem", "-o", "enclave.debug.sig"}).status, 0);
  const Outcome outcome = twine({"run", "--enclave", "enclave", "--debug-enclave", count_arguments()});
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.error, HasSubstr("does not allow DEBUG"));
}

TEST_F(Signing, IsRefusedForWhatDoesNotBelongTogether) {
  ASSERT_EQ(twine({"sign", "enclave", "--to-be-signed", "tbs"}).status, 0);
  ASSERT_EQ(execute({"openssl", "dgst", "-sha256", "-sign", "key.pem", "-out", "rsa", "key.pub"}).status, 0);
  const Outcome wrong =
      twine({"sign", "enclave", "--to-be-signed", "tbs", "--attach", "rsa", "--public-key", "key.pub"});
  EXPECT_EQ(wrong.status, 125);
  EXPECT_THAT(wrong.error, HasSubstr("SIGNATURE"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "enclave.sig"));
  EXPECT_THAT(twine({"sign", "enclave", "--attach", "rsa"}).error, HasSubstr("--to-be-signed"));
}

TEST_F(Signing, DoesNotFitAnImageThatWasChanged) {
  ASSERT_EQ(twine({"sign", "enclave", "--key", "key.pem"}).status, 0);
  std::string image = contents(directory_ / "enclave");
  const size_t code = 0x18000;
  image[code + 64] = static_cast<char>(image[code + 64] ^ 1);
  write("enclave", image);
  const Outcome outcome = twine({"run", "--enclave", "enclave", count_arguments()});
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.error, HasSubstr("was made for another enclave image"));
}

TEST_F(Signing, IsMissedByName) {
  const Outcome outcome = twine({"run", "--enclave", "enclave", count_arguments()});
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.error, HasSubstr("twine sign"));
}

}  // namespace
}  // namespace twine
