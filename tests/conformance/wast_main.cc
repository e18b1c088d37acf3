#include "conformance/wast_main.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace twine::conformance {
namespace {

Result<Report> run_file(const std::filesystem::path& path, const codegen::CompileOptions& options,
                        const codegen::Signer& signer, const Execute& execute) {
  const WastScript script = TWINE_TRY(WastScript::read(path, options, signer));
  LaunchResult result;
  if (script.has_steps()) result = TWINE_TRY(execute(script));
  return script.judge(result);
}

}  // namespace

int run_wast_files(int argc, char** argv, const Execute& execute) {
  codegen::CompileOptions options;
  options.jobs = 1;  // modules are compiled in parallel instead
  const Result<std::unique_ptr<codegen::Signer>> signer = codegen::make_ephemeral_signing_key();
  if (!signer) {
    std::fprintf(stderr, "%s\n", signer.error().message.c_str());
    return EXIT_FAILURE;
  }
  size_t passed = 0;
  size_t failed = 0;
  size_t text_only = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "-O" && i + 1 < argc) {
      options.optimisation_level =
          std::atoi(argv[++i]);  // NOLINT(cert-err34-c): compile() refuses what is no level
      continue;
    }
    if (argument == "--cpu" && i + 1 < argc) {
      const Result<codegen::Cpu> cpu = codegen::parse_cpu(argv[++i]);
      if (!cpu) {
        std::fprintf(stderr, "%s\n", cpu.error().message.c_str());
        return EXIT_FAILURE;
      }
      options.cpu = *cpu;
      continue;
    }
    const Result<Report> report = run_file(argument, options, **signer, execute);
    if (!report) {
      std::printf("%s: %s\n", argument.c_str(), report.error().message.c_str());
      ++failed;
      continue;
    }
    for (const std::string& failure : report->failures) std::printf("%s\n", failure.c_str());
    std::printf("%-28s %6zu passed %4zu failed\n", std::filesystem::path(argument).stem().c_str(),
                report->passed, report->failures.size());
    std::fflush(stdout);
    passed += report->passed;
    failed += report->failures.size();
    text_only += report->text_only;
  }
  std::printf("note: %zu assertions on the text format not run; Twine does not read it\n", text_only);
  std::printf("%zu passed, %zu failed\n", passed, failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace twine::conformance
