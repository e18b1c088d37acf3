// The model: what each borrower may lose, and what each lender may lose with it.
//
// A borrower's assets are its positions at the last prices; its debt is what it owes. The market is moved by
// every historical change over the horizon and by simulated ones, the same for all borrowers, so that losses
// of lenders with several borrowers add up scenario by scenario. A borrower whose assets fall below its debt
// is short of funds; its lenders lose the shortfall, in proportion to what each has lent.
#ifndef CREDIT_RISK_RISK_H_
#define CREDIT_RISK_RISK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "book.h"
#include "market.h"
#include "numeric.h"

namespace credit {

// Days of a price history in a year.
inline constexpr double kTradingDays = 252;

struct Settings {
  double confidence = 0.99;    // of value at risk and expected shortfall, 0 < confidence < 1
  std::size_t horizon = 10;    // days ahead, at least 1
  std::size_t paths = 10'000;  // simulated changes, at least 1
  std::uint64_t seed = 1;      // of the simulation
};

// Amounts are in the currency of the prices; value at risk is a loss, so positive when money may be lost.
struct BorrowerRisk {
  std::string name;
  std::size_t loans = 0;
  double exposure = 0;  // what lenders have outstanding
  double assets = 0;    // net value of the positions
  double gross = 0;     // sum of their absolute values
  double concentration =
      0;  // Herfindahl index of the absolute values: 1 is a single position, 1/n is n equal ones
  double days_late = 0;  // weighted by what is outstanding
  Tail historical;       // of the loss on the positions
  Tail simulated;
  double default_probability = 0;  // part of the paths that leave it short of funds
  double expected_loss = 0;        // mean shortfall over all paths

  double equity() const { return assets - exposure; }
  bool insolvent() const { return equity() <= 0; }
  // Gross positions per unit of equity. Only for solvent borrowers.
  double leverage() const { return gross / equity(); }
};

struct LenderRisk {
  std::string name;
  std::size_t loans = 0;
  double exposure = 0;
  double interest = 0;       // that its loans earn over the horizon, of kTradingDays a year
  double expected_loss = 0;  // of principal
  Tail loss;                 // over the paths
};

struct Assessment {
  std::vector<BorrowerRisk> borrowers;  // as in the book
  std::vector<LenderRisk> lenders;      // as in the book
};

// The market has more than settings.horizon dates.
Assessment assess(const Book& book, const Market& market, const Settings& settings);

}  // namespace credit

#endif  // CREDIT_RISK_RISK_H_
