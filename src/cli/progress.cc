#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace twine::cli {
namespace {

constexpr int kWidth = 30;
constexpr auto kMoment = std::chrono::milliseconds(300);

}  // namespace

ProgressBar::ProgressBar(std::string name)
    : name_(std::move(name)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressBar::attach(api::CompileOptions& options) {
  if (!terminal_) return;
  options.set_progress(
      [](uint64_t done, uint64_t total, void* bar) { static_cast<ProgressBar*>(bar)->update(done, total); },
      this);
}

void ProgressBar::update(uint64_t done, uint64_t total) {
  if (total == 0 || std::chrono::steady_clock::now() - start_ < kMoment) return;
  const int percent = static_cast<int>(100 * done / total);
  if (percent == last_percent_) return;
  last_percent_ = percent;
  drawn_ = true;
  const int filled = kWidth * percent / 100;
  fmt::print(stderr, "\rcompiling {}  [{:#<{}}{:-<{}}] {:3} %", name_, "", filled, "", kWidth - filled,
             percent);
  std::fflush(stderr);
}

}  // namespace twine::cli
