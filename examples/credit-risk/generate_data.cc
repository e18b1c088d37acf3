// generate-data: makes loans, positions and prices of any size for credit-risk.
//
//   generate-data --out DIR [--borrowers N] [--lenders N] [--instruments N] [--days N] [--seed S]
//
// The same options give the same files on every machine. Prices follow one common factor and noise of their
// own; one borrower in ten is overstretched, and some pay late, so that every grade appears.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "numeric.h"
#include "options.h"

namespace {

struct Sizes {
  std::uint64_t borrowers = 200;
  std::uint64_t lenders = 5;
  std::uint64_t instruments = 12;
  std::uint64_t days = 500;
};

int fail(const credit::Error& error, int status) {
  std::fprintf(stderr, "generate-data: %s\n", error.to_string().c_str());
  return status;
}

// A file being written. The first failure is kept and told by finish().
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr) note_failure();
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (file_ != nullptr) std::fclose(file_);
  }

  [[gnu::format(printf, 2, 3)]] void print(const char* format, ...) {
    if (file_ == nullptr) return;
    va_list arguments;
    va_start(arguments, format);
    if (std::vfprintf(file_, format, arguments) < 0) note_failure();
    va_end(arguments);
  }

  credit::Result<void> finish() {
    if (file_ != nullptr && std::fclose(file_) != 0) note_failure();
    file_ = nullptr;
    if (fault_.empty()) return {};
    return std::unexpected(credit::Error{path_, 0, "cannot be written: " + fault_,
                                         "give --out a directory that the program may write to"});
  }

 private:
  void note_failure() {
    if (fault_.empty()) fault_ = std::strerror(errno);
  }

  std::string path_;
  std::string fault_;
  std::FILE* file_;
};

// Business days from 2023-01-02, a Monday.
class Calendar {
 public:
  std::string text() const {
    char text[32];
    std::snprintf(text, sizeof text, "%04d-%02d-%02d", year_, month_, day_);
    return text;
  }

  void advance() {
    const int step = weekday_ == 4 ? 3 : 1;  // from Friday to Monday
    weekday_ = (weekday_ + step) % 7;
    for (int i = 0; i < step; ++i) next_day();
  }

 private:
  void next_day() {
    constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year_ % 4 == 0 && year_ % 100 != 0) || year_ % 400 == 0;
    const int length = kLengths[static_cast<std::size_t>(month_ - 1)] + (month_ == 2 && leap ? 1 : 0);
    if (++day_ <= length) return;
    day_ = 1;
    if (++month_ <= 12) return;
    month_ = 1;
    ++year_;
  }

  int year_ = 2023;
  int month_ = 1;
  int day_ = 2;
  int weekday_ = 0;  // Monday
};

// Writes prices.csv; returns the last price of each instrument.
credit::Result<std::vector<double>> write_prices(const std::string& directory, const Sizes& sizes,
                                                 credit::Random& random) {
  struct Instrument {
    double price;
    double market_share;  // part of its movement that follows the common factor
    double volatility;    // a day
  };
  std::vector<Instrument> instruments;
  instruments.reserve(static_cast<std::size_t>(sizes.instruments));
  for (std::uint64_t i = 0; i < sizes.instruments; ++i) {
    instruments.push_back(
        {20 + 180 * random.uniform(), 0.3 + 0.6 * random.uniform(), 0.006 + 0.018 * random.uniform()});
  }

  Output out(directory + "/prices.csv");
  out.print("instrument,date,close\n");
  Calendar calendar;
  for (std::uint64_t day = 0; day < sizes.days; ++day, calendar.advance()) {
    const std::string date = calendar.text();
    const double factor = random.normal();
    for (std::size_t i = 0; i < instruments.size(); ++i) {
      Instrument& instrument = instruments[i];
      const double move = instrument.market_share * factor + (1 - instrument.market_share) * random.normal();
      instrument.price *= credit::exponential(instrument.volatility * move);
      out.print("EQ%03zu,%s,%.4f\n", i + 1, date.c_str(), instrument.price);
    }
  }
  if (auto done = out.finish(); !done) return std::unexpected(std::move(done).error());

  std::vector<double> last;
  last.reserve(instruments.size());
  for (const Instrument& instrument : instruments) last.push_back(instrument.price);
  return last;
}

credit::Result<void> write_book(const std::string& directory, const Sizes& sizes,
                                const std::vector<double>& prices, credit::Random& random) {
  Output loans(directory + "/loans.csv");
  Output positions(directory + "/positions.csv");
  loans.print("lender,borrower,outstanding,rate,days_late\n");
  positions.print("borrower,instrument,quantity\n");
  for (std::uint64_t number = 1; number <= sizes.borrowers; ++number) {
    char borrower[32];
    std::snprintf(borrower, sizeof borrower, "borrower-%05u", static_cast<unsigned>(number));
    const double wealth = 20'000 * credit::exponential(1.2 * random.normal() + 2);

    // Between 1 and 6 positions that share the wealth unequally; one in eight is short.
    const std::uint64_t held = 1 + random.below(std::min<std::uint64_t>(6, sizes.instruments));
    const std::uint64_t first = random.below(sizes.instruments);
    for (std::uint64_t i = 0; i < held; ++i) {
      const std::size_t instrument = static_cast<std::size_t>((first + i) % sizes.instruments);
      const double value = wealth / static_cast<double>(held) * (0.5 + random.uniform());
      const bool is_short = i > 0 && random.below(8) == 0;
      positions.print("%s,EQ%03zu,%.2f\n", borrower, instrument + 1,
                      (is_short ? -0.3 : 1) * value / prices[instrument]);
    }
    positions.print("%s,CASH,%.2f\n", borrower, wealth * 0.2 * random.uniform());

    const bool overstretched = random.below(10) == 0;
    const double debt =
        wealth * (overstretched ? 0.85 + 0.25 * random.uniform() : 0.15 + 0.5 * random.uniform());
    const std::uint64_t count = 1 + random.below(std::min<std::uint64_t>(3, sizes.lenders));
    const std::uint64_t lender = random.below(sizes.lenders);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t days_late = random.below(overstretched ? 2 : 8) == 0 ? 1 + random.below(120) : 0;
      loans.print("lender-%03u,%s,%.2f,%.2f,%u\n", static_cast<unsigned>((lender + i) % sizes.lenders + 1),
                  borrower, debt / static_cast<double>(count), 2 + 7 * random.uniform(),
                  static_cast<unsigned>(days_late));
    }
  }
  if (auto done = loans.finish(); !done) return done;
  return positions.finish();
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory;
  std::uint64_t seed = 1;
  Sizes sizes;
  const std::array<credit::Option, 6> options = {{
      {"--out", &directory, 0, 0, "directory to write loans.csv, positions.csv and prices.csv to"},
      {"--borrowers", &sizes.borrowers, 1, 10'000'000, "how many borrowers"},
      {"--lenders", &sizes.lenders, 1, 1000, "how many lenders"},
      {"--instruments", &sizes.instruments, 1, 999, "how many instruments"},
      {"--days", &sizes.days, 3, 10'000, "dates of the price history"},
      {"--seed", &seed, 0, 1e15, "of the data"},
  }};
  const std::string defaults = credit::help_text(options);
  const auto parsed = credit::parse_options({argv + 1, argv + argc}, options);
  if (!parsed) return fail(parsed.error(), 2);
  if (*parsed) {
    std::printf("usage: generate-data --out DIR [OPTION VALUE]...\n%s", defaults.c_str());
    return 0;
  }
  if (directory.empty()) return fail({"", 0, "--out is missing", "give the directory to write to"}, 2);
  if (mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) {
    return fail({directory, 0, std::string("cannot be made: ") + std::strerror(errno),
                 "give --out a directory that exists"},
                1);
  }

  credit::Random random(seed);
  const auto prices = write_prices(directory, sizes, random);
  if (!prices) return fail(prices.error(), 1);
  if (const auto done = write_book(directory, sizes, *prices, random); !done) return fail(done.error(), 1);
  std::printf("Wrote %llu borrowers, %llu lenders and %llu instruments over %llu days to %s\n",
              static_cast<unsigned long long>(sizes.borrowers),
              static_cast<unsigned long long>(sizes.lenders),
              static_cast<unsigned long long>(sizes.instruments), static_cast<unsigned long long>(sizes.days),
              directory.c_str());
  return 0;
}
