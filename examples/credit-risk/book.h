// What lenders have lent and what borrowers hold.
//
// loans.csv: lender,borrower,outstanding,rate,days_late
//   outstanding  what is still owed, at least 0, in the currency of the prices
//   rate         interest a year, in per cent, at least 0
//   days_late    days since the oldest missed payment, at least 0; 0 when none is missed
// positions.csv: borrower,instrument,quantity
//   instrument   one of prices.csv, or CASH
//   quantity     units held; negative for a short position
#ifndef CREDIT_RISK_BOOK_H_
#define CREDIT_RISK_BOOK_H_

#include <cstddef>
#include <string>
#include <vector>

#include "error.h"
#include "market.h"

namespace credit {

struct Loan {
  std::size_t lender;  // number in Book::lenders
  double outstanding;
  double rate;  // per cent a year
  double days_late;
};

struct Position {
  std::size_t instrument;  // number in Market::instruments
  double quantity;
};

struct Borrower {
  std::string name;
  std::vector<Loan> loans;
  std::vector<Position> positions;

  double debt() const;
};

struct Book {
  std::vector<std::string> lenders;  // in order of first appearance
  std::vector<Borrower> borrowers;   // in order of first appearance: loans first, then positions
  std::size_t loan_count = 0;
};

Result<Book> load_book(const std::string& loans_path, const std::string& positions_path,
                       const Market& market);

}  // namespace credit

#endif  // CREDIT_RISK_BOOK_H_
