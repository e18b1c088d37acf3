// The `twine` program.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "cli/command.h"
#include "twine/twine.h"

namespace {

constexpr char kDescription[] =
    "Runs WebAssembly/WASI programs inside SGX enclaves: whoever owns the machine cannot read or change the\n"
    "program and its data, and the program cannot touch the machine.";

constexpr char kFooter[] =
    "Examples:\n"
    "  twine run app.wasm --input data.csv\n"
    "  twine run --dir data::/data:ro app.wasm /data/input.csv\n"
    "  twine doctor\n"
    "\n"
    "`twine COMMAND --help` explains a command. A guest's exit status is twine's own; a trap is 134, and "
    "125\n"
    "means that nothing was run.";

// MODULE and ARGUMENTS are not options to CLI11, which shall leave them alone.
class Formatter final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_name() != "run") return CLI::Formatter::make_usage(app, name);
    return "Usage: twine run [OPTIONS] MODULE [ARGUMENTS...]\n\n";
  }
};

// Wrong usage: CLI11's words, in the form of every other error.
int report_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  for (const CLI::App* chosen : app.get_subcommands()) command = chosen;
  const std::string name = command == &app ? "twine" : "twine " + command->get_name();
  return twine::cli::report_failure(fmt::format("{}; see {} --help", error.what(), name));
}

int run(int argc, char** argv) {
  CLI::App app(kDescription, "twine");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("twine ") + twine_version());
  const auto formatter = std::make_shared<Formatter>();
  formatter->column_width(34);
  app.formatter(formatter);
  app.require_subcommand(1);

  int status = 0;
  twine::cli::add_run(app, status);
  twine::cli::add_compile(app, status);
  twine::cli::add_inspect(app, status);
  twine::cli::add_sign(app, status);
  twine::cli::add_doctor(app, status);

  if (argc <= 1) {
    fmt::print("{}", app.help());
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error);
  }
  return status;
}

// Whoever is started with a standard stream closed would give its number to the next file that is opened, and a guest that prints would
// write there. An empty one takes the place.
bool open_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest number that is free is this one, since those below are open.
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != stream) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!open_standard_streams())
    return twine::cli::report_failure(
        "a standard stream is closed, and /dev/null cannot be opened in its place");
  try {
    const int status = run(argc, argv);
    // Output that cannot be written is a failure too: `twine inspect app.wasm > /dev/full`.
    if (std::fflush(stdout) != 0 && status == 0)
      return twine::cli::report_failure("standard output cannot be written");
    return status;
  } catch (const std::bad_alloc&) {
    return twine::cli::report_failure("out of memory");
  } catch (const std::exception& error) {
    return twine::cli::report_failure(error.what());
  }
}
