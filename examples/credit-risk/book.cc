#include "book.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "csv.h"

namespace credit {
namespace {

constexpr std::array<std::string_view, 5> kLoanColumns = {"lender", "borrower", "outstanding", "rate",
                                                          "days_late"};
enum LoanColumn { kLender, kLoanBorrower, kOutstanding, kRate, kDaysLate };

constexpr std::array<std::string_view, 3> kPositionColumns = {"borrower", "instrument", "quantity"};
enum PositionColumn { kPositionBorrower, kInstrument, kQuantity };

// Gives names numbers in order of first appearance.
class Numbering {
 public:
  // The number of `name`; `is_new` tells whether it appeared for the first time.
  std::size_t number(std::string_view name, bool& is_new) {
    const auto [entry, inserted] = numbers_.try_emplace(std::string(name), numbers_.size());
    is_new = inserted;
    return entry->second;
  }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;
};

class Loader {
 public:
  explicit Loader(const Market& market) : instruments_(index_instruments(market)) {}

  Result<void> load_loans(const std::string& path) {
    CREDIT_TRY(CsvReader reader, CsvReader::open(path, kLoanColumns));
    while (true) {
      CREDIT_TRY(const bool any, reader.next());
      if (!any) return {};
      CREDIT_TRY(const std::string_view lender, reader.text(kLender));
      CREDIT_TRY(const std::string_view borrower, reader.text(kLoanBorrower));
      CREDIT_TRY(const double outstanding, reader.number_at_least(kOutstanding, 0));
      CREDIT_TRY(const double rate, reader.number_at_least(kRate, 0));
      CREDIT_TRY(const double days_late, reader.number_at_least(kDaysLate, 0));
      borrower_named(borrower).loans.push_back(Loan{lender_named(lender), outstanding, rate, days_late});
      ++book_.loan_count;
    }
  }

  Result<void> load_positions(const std::string& path) {
    CREDIT_TRY(CsvReader reader, CsvReader::open(path, kPositionColumns));
    while (true) {
      CREDIT_TRY(const bool any, reader.next());
      if (!any) return {};
      CREDIT_TRY(const std::string_view borrower, reader.text(kPositionBorrower));
      CREDIT_TRY(const std::string_view instrument, reader.text(kInstrument));
      CREDIT_TRY(const double quantity, reader.number(kQuantity));
      const auto found = instruments_.find(instrument);
      if (found == instruments_.end()) {
        return std::unexpected(reader.error("instrument " + std::string(instrument) + " has no price",
                                            "add its history to the prices, or correct its name"));
      }
      borrower_named(borrower).positions.push_back(Position{found->second, quantity});
    }
  }

  Book take() { return std::move(book_); }

 private:
  std::size_t lender_named(std::string_view name) {
    bool is_new = false;
    const std::size_t number = lender_numbers_.number(name, is_new);
    if (is_new) book_.lenders.emplace_back(name);
    return number;
  }

  Borrower& borrower_named(std::string_view name) {
    bool is_new = false;
    const std::size_t number = borrower_numbers_.number(name, is_new);
    if (is_new) book_.borrowers.push_back(Borrower{std::string(name), {}, {}});
    return book_.borrowers[number];
  }

  std::map<std::string, std::size_t, std::less<>> instruments_;
  Numbering lender_numbers_;
  Numbering borrower_numbers_;
  Book book_;
};

}  // namespace

double Borrower::debt() const {
  double sum = 0;
  for (const Loan& loan : loans) sum += loan.outstanding;
  return sum;
}

Result<Book> load_book(const std::string& loans_path, const std::string& positions_path,
                       const Market& market) {
  Loader loader(market);
  if (auto done = loader.load_loans(loans_path); !done) return std::unexpected(std::move(done).error());
  if (auto done = loader.load_positions(positions_path); !done)
    return std::unexpected(std::move(done).error());
  Book book = loader.take();
  if (book.loan_count == 0)
    return std::unexpected(Error{loans_path, 0, "there is no loan", "give one at least"});
  return book;
}

}  // namespace credit
