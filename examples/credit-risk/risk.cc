#include "risk.h"

#include <algorithm>
#include <cmath>

namespace credit {
namespace {

// A position's value at the last prices.
struct Holding {
  std::size_t instrument;
  double value;
};

std::vector<Holding> value_positions(const Borrower& borrower, const Market& market) {
  std::vector<Holding> holdings;
  holdings.reserve(borrower.positions.size());
  for (const Position& position : borrower.positions) {
    holdings.push_back(
        Holding{position.instrument, position.quantity * market.last_price(position.instrument)});
  }
  return holdings;
}

// What the holdings lose in each row of `returns`.
std::vector<double> losses_of(const std::vector<Holding>& holdings, const Matrix& returns) {
  std::vector<double> losses(returns.rows());
  for (std::size_t row = 0; row < returns.rows(); ++row) {
    const double* change = returns.row(row);
    double loss = 0;
    for (const Holding& holding : holdings) loss -= holding.value * change[holding.instrument];
    losses[row] = loss;
  }
  return losses;
}

BorrowerRisk describe(const Borrower& borrower, const std::vector<Holding>& holdings) {
  BorrowerRisk risk;
  risk.name = borrower.name;
  risk.loans = borrower.loans.size();
  risk.exposure = borrower.debt();
  for (const Loan& loan : borrower.loans) {
    if (risk.exposure > 0) risk.days_late += loan.days_late * (loan.outstanding / risk.exposure);
  }
  for (const Holding& holding : holdings) {
    risk.assets += holding.value;
    risk.gross += std::fabs(holding.value);
  }
  for (const Holding& holding : holdings) {
    const double part = risk.gross > 0 ? std::fabs(holding.value) / risk.gross : 0;
    risk.concentration += part * part;
  }
  return risk;
}

}  // namespace

Assessment assess(const Book& book, const Market& market, const Settings& settings) {
  Random random(settings.seed);
  const Matrix history = historical_returns(market, settings.horizon);
  const Matrix simulation = simulated_returns(market, settings.horizon, settings.paths, random);
  const double paths = static_cast<double>(settings.paths);

  Assessment assessment;
  assessment.borrowers.reserve(book.borrowers.size());
  assessment.lenders.resize(book.lenders.size());
  Matrix lender_losses(book.lenders.size(), settings.paths);

  for (const Borrower& borrower : book.borrowers) {
    const std::vector<Holding> holdings = value_positions(borrower, market);
    BorrowerRisk risk = describe(borrower, holdings);

    std::vector<double> losses = losses_of(holdings, history);
    risk.historical = tail_of(losses, settings.confidence);

    losses = losses_of(holdings, simulation);
    std::size_t defaults = 0;
    for (std::size_t path = 0; path < settings.paths; ++path) {
      const double shortfall = std::min(losses[path] - risk.equity(), risk.exposure);
      if (shortfall <= 0) continue;
      ++defaults;
      risk.expected_loss += shortfall / paths;
      for (const Loan& loan : borrower.loans) {
        lender_losses(loan.lender, path) += shortfall * (loan.outstanding / risk.exposure);
      }
    }
    risk.default_probability = static_cast<double>(defaults) / paths;
    risk.simulated = tail_of(losses, settings.confidence);
    assessment.borrowers.push_back(std::move(risk));
  }

  for (std::size_t number = 0; number < book.lenders.size(); ++number) {
    LenderRisk& lender = assessment.lenders[number];
    lender.name = book.lenders[number];
    std::vector<double> losses(lender_losses.row(number), lender_losses.row(number) + settings.paths);
    for (double loss : losses) lender.expected_loss += loss / paths;
    lender.loss = tail_of(losses, settings.confidence);
  }
  const double years = static_cast<double>(settings.horizon) / kTradingDays;
  for (const Borrower& borrower : book.borrowers) {
    for (const Loan& loan : borrower.loans) {
      LenderRisk& lender = assessment.lenders[loan.lender];
      ++lender.loans;
      lender.exposure += loan.outstanding;
      lender.interest += loan.outstanding * (loan.rate / 100) * years;
    }
  }
  return assessment;
}

}  // namespace credit
