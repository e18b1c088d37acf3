#include "market.h"

#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include "csv.h"

namespace credit {
namespace {

constexpr std::array<std::string_view, 3> kColumns = {"instrument", "date", "close"};
enum Column { kInstrument, kDate, kClose };

struct History {
  std::vector<std::string> dates;
  std::vector<double> closes;
};

bool is_date(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return false;
  }
  const int month = (text[5] - '0') * 10 + (text[6] - '0');
  const int day = (text[8] - '0') * 10 + (text[9] - '0');
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// Puts the present record of `reader` at the end of `history`.
Result<void> append(const CsvReader& reader, History& history) {
  CREDIT_TRY(const std::string_view date, reader.text(kDate));
  CREDIT_TRY(const double close, reader.number(kClose));
  if (!is_date(date)) {
    return std::unexpected(reader.error("date is \"" + std::string(date) + "\"", "write it as YYYY-MM-DD"));
  }
  if (!history.dates.empty() && date <= history.dates.back()) {
    return std::unexpected(
        reader.error("date " + std::string(date) + " does not follow " + history.dates.back(),
                     "sort each instrument's prices by date, one a day"));
  }
  if (close <= 0) return std::unexpected(reader.error("close is not above 0", "write the price of one unit"));
  history.dates.emplace_back(date);
  history.closes.push_back(close);
  return {};
}

// The error of a file whose instruments `a` and `b` have different dates.
Error differing_dates(const std::string& path, const std::string& a, const History& of_a,
                      const std::string& b, const History& of_b) {
  std::size_t i = 0;
  while (i < of_a.dates.size() && i < of_b.dates.size() && of_a.dates[i] == of_b.dates[i]) ++i;
  // The earlier of the two dates at the first difference is the one that the other instrument lacks.
  const bool b_lacks = i == of_b.dates.size() || (i < of_a.dates.size() && of_a.dates[i] < of_b.dates[i]);
  return Error{path, 0,
               (b_lacks ? b : a) + " has no price on " + (b_lacks ? of_a : of_b).dates[i] + ", and " +
                   (b_lacks ? a : b) + " has",
               "give every instrument the same dates"};
}

}  // namespace

Result<Market> load_market(const std::string& path, std::size_t least_days) {
  CREDIT_TRY(CsvReader reader, CsvReader::open(path, kColumns));
  std::vector<std::string> names;
  std::vector<History> histories;
  std::map<std::string, std::size_t, std::less<>> numbers;
  while (true) {
    CREDIT_TRY(const bool any, reader.next());
    if (!any) break;
    CREDIT_TRY(const std::string_view name, reader.text(kInstrument));
    if (name == kCash) {
      return std::unexpected(reader.error("CASH has a price", "leave it out: the price of CASH is 1"));
    }
    auto found = numbers.find(name);
    if (found == numbers.end()) {
      found = numbers.emplace(name, names.size()).first;
      names.emplace_back(name);
      histories.emplace_back();
    }
    if (auto done = append(reader, histories[found->second]); !done) return std::unexpected(done.error());
  }
  if (names.empty())
    return std::unexpected(
        Error{path, 0, "there is no price", "give the history of one instrument at least"});
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (histories[i].dates != histories[0].dates) {
      return std::unexpected(differing_dates(path, names[0], histories[0], names[i], histories[i]));
    }
  }

  Market market;
  market.dates = std::move(histories[0].dates);
  if (market.days() < least_days) {
    return std::unexpected(Error{path, 0, "the history has " + std::to_string(market.days()) + " dates",
                                 "give at least " + std::to_string(least_days) + ", or shorten --horizon"});
  }
  market.instruments = std::move(names);
  market.instruments.emplace_back(kCash);
  market.prices = Matrix(market.days(), market.instruments.size());
  for (std::size_t t = 0; t < market.days(); ++t) {
    for (std::size_t i = 0; i < histories.size(); ++i) market.prices(t, i) = histories[i].closes[t];
    market.prices(t, histories.size()) = 1;
  }
  return market;
}

std::map<std::string, std::size_t, std::less<>> index_instruments(const Market& market) {
  std::map<std::string, std::size_t, std::less<>> numbers;
  for (std::size_t i = 0; i < market.instruments.size(); ++i) numbers.emplace(market.instruments[i], i);
  return numbers;
}

Matrix historical_returns(const Market& market, std::size_t horizon) {
  Matrix returns(market.days() - horizon, market.instruments.size());
  for (std::size_t t = 0; t < returns.rows(); ++t) {
    for (std::size_t i = 0; i < returns.columns(); ++i) {
      returns(t, i) = market.prices(t + horizon, i) / market.prices(t, i) - 1;
    }
  }
  return returns;
}

Matrix simulated_returns(const Market& market, std::size_t horizon, std::size_t paths, Random& random) {
  const std::size_t k = market.instruments.size();
  Matrix logarithmic(market.days() - 1, k);
  for (std::size_t t = 0; t < logarithmic.rows(); ++t) {
    for (std::size_t i = 0; i < k; ++i)
      logarithmic(t, i) = natural_log(market.prices(t + 1, i) / market.prices(t, i));
  }
  const Matrix factor = cholesky(covariance(logarithmic));
  const double scale = std::sqrt(static_cast<double>(horizon));

  Matrix returns(paths, k);
  std::vector<double> normals(k);
  for (std::size_t path = 0; path < paths; ++path) {
    for (double& z : normals) z = random.normal();
    for (std::size_t i = 0; i < k; ++i) {
      double correlated = 0;
      for (std::size_t j = 0; j <= i; ++j) correlated += factor(i, j) * normals[j];
      returns(path, i) = exponential(scale * correlated) - 1;
    }
  }
  return returns;
}

}  // namespace credit
