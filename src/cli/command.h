// What the subcommands share: how they register, end, and speak.
//
// A subcommand is one file with one function `add_NAME(app, status)`. It defines its flags and a callback
// that does the work and leaves the exit status in `status`. Exit statuses:
//
//   0…255   the guest's own                           (run)
//   134     the guest trapped                         (run)
//   125     it could not be done; one sentence `twine: …` on standard error says why
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/result.h"

namespace twine::cli {

inline constexpr int kSetupFailure = 125;

void add_run(CLI::App& app, int& status);
void add_compile(CLI::App& app, int& status);
void add_sign(CLI::App& app, int& status);
void add_inspect(CLI::App& app, int& status);
void add_doctor(CLI::App& app, int& status);

// Prints "twine: MESSAGE" and returns kSetupFailure.
int report_failure(std::string_view message);

// Registers `body`, a function that returns Result<int>, as what the subcommand does. CLI11 calls it after
// parsing.
template <typename Body>
void set_action(CLI::App* command, int& status, Body body) {
  command->callback([body = std::move(body), &status] {
    const Result<int> result = body();
    status = result ? *result : report_failure(result.error().message);
  });
}

// "64M", "1.5G", "65536", "512KiB": bytes, with K, M, G, T for powers of 1,024. Errors: invalid_argument.
Result<uint64_t> parse_size(std::string_view text);

// What a flag counts. Errors: invalid_argument.
Result<uint64_t> parse_count(std::string_view flag, std::string_view text);

// Nanoseconds from "5s", "500ms", "1.5m", "2h", "20us", "10ns"; a bare number is seconds. Errors: invalid_argument; zero too.
Result<uint64_t> parse_duration(std::string_view text);

// "2026-01-01..2026-06-30T12:00:00": two times of UTC, a date alone meaning its first second; in nanoseconds since 1970. Errors:
// invalid_argument, also if the second is before the first.
Result<std::pair<uint64_t, uint64_t>> parse_wall_time(std::string_view text);

// 64 hexadecimal digits. Errors: invalid_argument.
Result<std::array<uint8_t, 32>> parse_digest(std::string_view text);

}  // namespace twine::cli
