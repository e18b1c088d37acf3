// credit-risk: scores borrowers from lenders' loans, borrowers' positions and price histories.
//
//   credit-risk --data DIR [--report FILE] [--confidence C] [--horizon DAYS] [--paths N] [--seed S] [--top N]
//
// Exit status: 0 done, 1 bad input, 2 bad usage.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "book.h"
#include "market.h"
#include "options.h"
#include "report.h"
#include "risk.h"

namespace {

int fail(const credit::Error& error, int status) {
  std::fprintf(stderr, "credit-risk: %s\n", error.to_string().c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  std::string data;
  std::string report;
  double confidence_percent = 99;
  std::uint64_t horizon = 10;
  std::uint64_t paths = 10'000;
  std::uint64_t seed = 1;
  std::uint64_t top = 20;
  const std::array<credit::Option, 7> options = {{
      {"--data", &data, 0, 0, "directory with loans.csv, positions.csv and prices.csv"},
      {"--report", &report, 0, 0, "file to write every borrower's figures to, .csv or .json"},
      {"--confidence", &confidence_percent, 50, 99.999, "of value at risk, in per cent"},
      {"--horizon", &horizon, 1, 250, "days ahead"},
      {"--paths", &paths, 1, 10'000'000, "simulated market changes"},
      {"--seed", &seed, 0, 1e15, "of the simulation"},
      {"--top", &top, 0, 1e9, "borrowers in the table, the worst first; 0 for all"},
  }};

  const std::string defaults = credit::help_text(options);
  const auto parsed = credit::parse_options({argv + 1, argv + argc}, options);
  if (!parsed) return fail(parsed.error(), 2);
  if (*parsed) {
    std::printf("usage: credit-risk --data DIR [OPTION VALUE]...\n%s", defaults.c_str());
    return 0;
  }
  if (data.empty()) return fail({"", 0, "--data is missing", "give the directory of the CSV files"}, 2);

  const credit::Settings settings{confidence_percent / 100, static_cast<std::size_t>(horizon),
                                  static_cast<std::size_t>(paths), seed};
  // A covariance needs two daily changes, a historical scenario one change over the horizon.
  const auto market =
      credit::load_market(data + "/prices.csv", std::max<std::size_t>(3, settings.horizon + 1));
  if (!market) return fail(market.error(), 1);
  const auto book = credit::load_book(data + "/loans.csv", data + "/positions.csv", *market);
  if (!book) return fail(book.error(), 1);

  std::printf("Credit risk of %zu borrowers with %zu loans from %zu lenders\n", book->borrowers.size(),
              book->loan_count, book->lenders.size());
  std::printf(
      "%zu instruments from %s to %s; %g %% confidence over %zu days; %zu simulated paths from seed %" PRIu64
      "\n",
      market->instruments.size() - 1, market->dates.front().c_str(), market->dates.back().c_str(),
      confidence_percent, settings.horizon, settings.paths, settings.seed);
  const credit::Assessment assessment = credit::assess(*book, *market, settings);
  credit::print_tables(stdout, assessment, settings, static_cast<std::size_t>(top));

  if (!report.empty()) {
    if (const auto done = credit::write_report(report, assessment, settings); !done)
      return fail(done.error(), 1);
    std::printf("Report written to %s\n", report.c_str());
  }
  return 0;
}
