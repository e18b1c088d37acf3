// Instruments and their price histories.
//
// prices.csv: instrument,date,close
//   instrument  any text but CASH
//   date        YYYY-MM-DD, rising within an instrument; every instrument has the same dates
//   close       price of one unit, above 0
#ifndef CREDIT_RISK_MARKET_H_
#define CREDIT_RISK_MARKET_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "error.h"
#include "numeric.h"

namespace credit {

// Holdings in this instrument are worth their quantity, always. It needs no price history.
inline constexpr std::string_view kCash = "CASH";

struct Market {
  std::vector<std::string> instruments;  // in order of first appearance; the last is CASH
  std::vector<std::string> dates;        // rising
  Matrix prices;                         // [date][instrument]

  std::size_t days() const { return dates.size(); }
  double last_price(std::size_t instrument) const { return prices(days() - 1, instrument); }
};

// Reads a price history of at least `least_days` dates.
Result<Market> load_market(const std::string& path, std::size_t least_days);

// Numbers of the instruments of a market by name.
std::map<std::string, std::size_t, std::less<>> index_instruments(const Market& market);

// Relative price changes over every `horizon` consecutive days: [day][instrument], days() - horizon rows.
Matrix historical_returns(const Market& market, std::size_t horizon);

// `paths` simulated relative price changes over `horizon` days: [path][instrument]. Logarithmic returns are
// normal with no drift and the covariance of the history's daily ones, times the horizon.
Matrix simulated_returns(const Market& market, std::size_t horizon, std::size_t paths, Random& random);

}  // namespace credit

#endif  // CREDIT_RISK_MARKET_H_
