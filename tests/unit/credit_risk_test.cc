// The credit-risk example: its arithmetic, its readers' errors and its model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "book.h"
#include "csv.h"
#include "market.h"
#include "numeric.h"
#include "options.h"
#include "report.h"
#include "risk.h"
#include "score.h"

namespace credit {
namespace {

using ::testing::HasSubstr;

// A directory of files that goes with the test.
class CreditRisk : public ::testing::Test {
 protected:
  CreditRisk() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::temp_directory_path() / (std::string("twine-credit-risk-") + info->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~CreditRisk() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name, const std::string& text) {
    const std::filesystem::path path = directory_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string path(const std::string& name) const { return directory_ / name; }

 private:
  std::filesystem::path directory_;
};

// Distance in units in the last place of `expected`.
double ulps(double actual, double expected) {
  const double ulp =
      std::nextafter(std::fabs(expected), std::numeric_limits<double>::infinity()) - std::fabs(expected);
  return std::fabs(actual - expected) / ulp;
}

TEST_F(CreditRisk, NaturalLogIsWithinTwoUlpsOfTheLibrarys) {
  Random random(7);
  for (int i = 0; i < 100'000; ++i) {
    const double x = std::ldexp(0.5 + random.uniform() / 2, static_cast<int>(random.below(200)) - 100);
    ASSERT_LE(ulps(natural_log(x), std::log(x)), 2) << x;
    const double near_one = 0.9 + 0.2 * random.uniform();
    ASSERT_LE(ulps(natural_log(near_one), std::log(near_one)), 2) << near_one;
  }
  EXPECT_EQ(natural_log(1), 0);
}

TEST_F(CreditRisk, ExponentialIsWithinTwoUlpsOfTheLibrarys) {
  Random random(8);
  for (int i = 0; i < 100'000; ++i) {
    const double x = 200 * random.uniform() - 100;
    ASSERT_LE(ulps(exponential(x), std::exp(x)), 2) << x;
  }
  EXPECT_EQ(exponential(0), 1);
}

TEST_F(CreditRisk, NormalNumbersHaveMeanZeroVarianceOneAndNormalTails) {
  Random random(42);
  constexpr int kCount = 200'000;
  double sum = 0;
  double squares = 0;
  int beyond_two = 0;
  for (int i = 0; i < kCount; ++i) {
    const double z = random.normal();
    sum += z;
    squares += z * z;
    beyond_two += std::fabs(z) > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.01);
  EXPECT_NEAR(squares / kCount, 1, 0.01);
  EXPECT_NEAR(static_cast<double>(beyond_two) / kCount, 0.0455, 0.002);
}

TEST_F(CreditRisk, EqualSeedsGiveEqualNumbersAndOtherSeedsDoNot) {
  Random a(1);
  Random b(1);
  Random c(2);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
}

TEST_F(CreditRisk, CholeskyFactorTimesItsTransposeIsTheMatrix) {
  Random random(3);
  Matrix samples(50, 6);
  for (std::size_t t = 0; t < samples.rows(); ++t) {
    for (std::size_t i = 0; i < samples.columns(); ++i) samples(t, i) = random.normal();
  }
  const Matrix matrix = covariance(samples);
  const Matrix lower = cholesky(matrix);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      double product = 0;
      for (std::size_t k = 0; k < 6; ++k) product += lower(i, k) * lower(j, k);
      EXPECT_NEAR(product, matrix(i, j), 1e-12);
      if (j > i) EXPECT_EQ(lower(i, j), 0);
    }
  }
}

TEST_F(CreditRisk, CholeskyTakesInstrumentsThatDoNotMoveOrCopyEachOther) {
  Matrix matrix(3, 3);  // the second copies the first, the third does not move
  matrix(0, 0) = matrix(0, 1) = matrix(1, 0) = matrix(1, 1) = 4;
  const Matrix lower = cholesky(matrix);
  EXPECT_EQ(lower(0, 0), 2);
  EXPECT_EQ(lower(1, 0), 2);
  EXPECT_EQ(lower(1, 1), 0);
  EXPECT_EQ(lower(2, 2), 0);
}

TEST_F(CreditRisk, TailIsTheOrderStatisticAndTheMeanBeyondIt) {
  std::vector<double> losses;
  for (int i = 100; i >= 1; --i) losses.push_back(i);
  const Tail tail = tail_of(losses, 0.95);
  EXPECT_EQ(tail.value_at_risk, 95);
  EXPECT_EQ(tail.expected_shortfall, 97.5);  // of 95, 96, … 100
}

TEST_F(CreditRisk, CsvReadsQuotesCarriageReturnsAndAMissingLastNewline) {
  constexpr std::string_view kColumns[] = {"name", "amount"};
  auto reader =
      CsvReader::open(file("a.csv", "name,amount\r\n\"Smith, \"\"J.\"\"\",2.5\r\n\r\nLee,-1e3"), kColumns);
  ASSERT_TRUE(reader) << reader.error().to_string();
  ASSERT_TRUE(reader->next().value());
  EXPECT_EQ(reader->text(0).value(), "Smith, \"J.\"");
  EXPECT_EQ(reader->number(1).value(), 2.5);
  ASSERT_TRUE(reader->next().value());
  EXPECT_EQ(reader->text(0).value(), "Lee");
  EXPECT_EQ(reader->number(1).value(), -1000);
  EXPECT_FALSE(reader->next().value());
}

TEST_F(CreditRisk, CsvErrorsNameFileLineFaultAndRemedy) {
  constexpr std::string_view kColumns[] = {"name", "amount"};
  const auto fault_of = [&](const std::string& text) -> std::string {
    auto reader = CsvReader::open(file("a.csv", text), kColumns);
    if (!reader) return reader.error().to_string();
    const auto any = reader->next();
    if (!any) return any.error().to_string();
    const auto number = reader->number_at_least(1, 0);
    return number ? "" : number.error().to_string();
  };
  EXPECT_THAT(fault_of(""), HasSubstr("a.csv:1: the file is empty; make the first line \"name,amount\""));
  EXPECT_THAT(fault_of("name;amount\n"), HasSubstr("a.csv:1: the header is \"name;amount\""));
  EXPECT_THAT(fault_of("name,amount\nLee\n"), HasSubstr("a.csv:2: the record has 1 fields"));
  EXPECT_THAT(fault_of("name,amount\n\n\"Lee,1\n"), HasSubstr("a.csv:3: a quoted field does not end"));
  EXPECT_THAT(fault_of("name,amount\n\"Lee\"x,1\n"), HasSubstr("text follows a quoted field"));
  EXPECT_THAT(fault_of("name,amount\nLee,-4\n"), HasSubstr("amount is -4; write a number of at least 0"));
  for (const char* bad : {"", "12k", "nan", "inf", "0x10", " 1", "1e999", "1,5"}) {
    EXPECT_NE(fault_of("name,amount\nLee," + std::string(bad) + "\n"), "") << bad;
  }
  EXPECT_EQ(fault_of("name,amount\nLee,0\n"), "");

  const auto missing = CsvReader::open(path("none.csv"), kColumns);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().to_string(), HasSubstr("none.csv: cannot be opened: No such file"));
}

TEST_F(CreditRisk, MarketRefusesHistoriesThatDoNotMatch) {
  const auto fault_of = [&](const std::string& records, std::size_t least_days = 2) -> std::string {
    const auto market = load_market(file("prices.csv", "instrument,date,close\n" + records), least_days);
    return market ? "" : market.error().to_string();
  };
  EXPECT_EQ(fault_of("A,2024-01-01,5\nB,2024-01-01,7\nA,2024-01-02,6\nB,2024-01-02,8\n"), "");
  EXPECT_THAT(fault_of("A,2024-01-01,5\nA,2024-01-02,6\nB,2024-01-02,8\n"),
              HasSubstr("B has no price on 2024-01-01, and A has"));
  EXPECT_THAT(fault_of("A,2024-01-02,5\nB,2024-01-01,6\nB,2024-01-02,8\n"),
              HasSubstr("A has no price on 2024-01-01, and B has"));
  EXPECT_THAT(fault_of("A,2024-01-01,5\nA,2024-01-02,6\nB,2024-01-01,8\n"),
              HasSubstr("B has no price on 2024-01-02"));
  EXPECT_THAT(fault_of("A,2024-01-02,5\nA,2024-01-02,6\n"),
              HasSubstr(":3: date 2024-01-02 does not follow 2024-01-02"));
  EXPECT_THAT(fault_of("A,2024-13-02,5\n"), HasSubstr("write it as YYYY-MM-DD"));
  EXPECT_THAT(fault_of("A,2024-01-02,0\n"), HasSubstr("close is not above 0"));
  EXPECT_THAT(fault_of("CASH,2024-01-02,1\n"), HasSubstr("CASH has a price"));
  EXPECT_THAT(fault_of(""), HasSubstr("there is no price"));
  EXPECT_THAT(fault_of("A,2024-01-01,5\n", 11), HasSubstr("the history has 1 dates; give at least 11"));
}

// Prices of A: 100 and 110 by turns; of B: always 50.
Market two_instruments(std::size_t days) {
  Market market;
  market.instruments = {"A", "B", std::string(kCash)};
  market.prices = Matrix(days, 3);
  for (std::size_t t = 0; t < days; ++t) {
    market.dates.push_back("day " + std::to_string(t));
    market.prices(t, 0) = t % 2 == 0 ? 100 : 110;
    market.prices(t, 1) = 50;
    market.prices(t, 2) = 1;
  }
  return market;
}

TEST_F(CreditRisk, BookRefusesAnUnknownInstrument) {
  const std::string loans = file("loans.csv", "lender,borrower,outstanding,rate,days_late\nL,X,10,5,0\n");
  const std::string positions = file("positions.csv", "borrower,instrument,quantity\nX,CASH,3\nX,GOLD,1\n");
  const auto book = load_book(loans, positions, two_instruments(5));
  ASSERT_FALSE(book);
  EXPECT_THAT(book.error().to_string(), HasSubstr("positions.csv:3: instrument GOLD has no price"));
}

TEST_F(CreditRisk, BookJoinsLoansAndPositionsOfABorrower) {
  const std::string loans =
      file("loans.csv", "lender,borrower,outstanding,rate,days_late\nL,X,10,5,0\nM,X,20,5,30\nL,Y,5,1,0\n");
  const std::string positions = file("positions.csv", "borrower,instrument,quantity\nX,A,3\nZ,CASH,1\n");
  const auto book = load_book(loans, positions, two_instruments(5));
  ASSERT_TRUE(book) << book.error().to_string();
  ASSERT_EQ(book->borrowers.size(), 3U);
  EXPECT_EQ(book->borrowers[0].debt(), 30);
  EXPECT_EQ(book->borrowers[0].positions.size(), 1U);
  EXPECT_EQ(book->borrowers[2].name, "Z");
  EXPECT_THAT(book->lenders, ::testing::ElementsAre("L", "M"));
}

TEST_F(CreditRisk, HistoricalLossesAreThoseOfTheWorstDays) {
  // 101 days end at 100; a day's change is +10 % or -1/11.
  const Market market = two_instruments(101);
  Book book;
  book.lenders = {"L"};
  book.borrowers = {Borrower{"long", {Loan{0, 100, 5, 0}}, {Position{0, 4}, Position{1, 2}}},
                    Borrower{"short", {Loan{0, 10, 5, 45}}, {Position{0, -1}, Position{2, 500}}}};
  const Assessment assessment = assess(book, market, Settings{0.99, 1, 100, 1});
  const BorrowerRisk& held = assessment.borrowers[0];
  EXPECT_EQ(held.exposure, 100);
  EXPECT_EQ(held.assets, 500);
  EXPECT_EQ(held.leverage(), 1.25);
  EXPECT_NEAR(held.concentration, 0.8 * 0.8 + 0.2 * 0.2, 1e-12);
  EXPECT_NEAR(held.historical.value_at_risk, 400.0 / 11, 1e-9);
  EXPECT_NEAR(held.historical.expected_shortfall, 400.0 / 11, 1e-9);
  const BorrowerRisk& sold = assessment.borrowers[1];
  EXPECT_EQ(sold.assets, 400);
  EXPECT_EQ(sold.gross, 600);
  EXPECT_EQ(sold.days_late, 45);
  EXPECT_NEAR(sold.historical.value_at_risk, 10, 1e-9);  // it loses when A rises
}

TEST_F(CreditRisk, SimulatedValueAtRiskOfOneAssetApproachesTheFormula) {
  const Market market = two_instruments(1001);
  Book book;
  book.lenders = {"L"};
  book.borrowers = {Borrower{"X", {}, {Position{0, 10}}}};
  const Assessment assessment = assess(book, market, Settings{0.99, 4, 200'000, 9});
  // Daily logarithmic returns are ± ln 1.1 in equal parts, so their standard deviation is ln 1.1; four days
  // double it.
  const double expected = 1000 * (1 - std::exp(-2.3263 * 2 * std::log(1.1)));
  EXPECT_NEAR(assessment.borrowers[0].simulated.value_at_risk, expected, 0.02 * expected);
}

TEST_F(CreditRisk, LendersShareAShortfallByWhatTheyLent) {
  const Market market = two_instruments(11);
  Book book;
  book.lenders = {"L", "M"};
  // 60 in cash, which never moves, against 100 owed: 40 are lost on every path.
  book.borrowers = {Borrower{"X", {Loan{0, 75, 5, 0}, Loan{1, 25, 5, 0}}, {Position{2, 60}}}};
  const Assessment assessment = assess(book, market, Settings{0.9, 1, 50, 1});
  EXPECT_TRUE(assessment.borrowers[0].insolvent());
  EXPECT_EQ(assessment.borrowers[0].default_probability, 1);
  EXPECT_NEAR(assessment.borrowers[0].expected_loss, 40, 1e-9);
  EXPECT_NEAR(assessment.lenders[0].expected_loss, 30, 1e-9);
  EXPECT_NEAR(assessment.lenders[1].loss.value_at_risk, 10, 1e-9);
  EXPECT_EQ(assessment.lenders[0].exposure, 75);
  EXPECT_NEAR(assessment.lenders[0].interest, 75 * 0.05 / 252, 1e-12);
}

TEST_F(CreditRisk, AShortfallNeverExceedsTheDebt) {
  const Market market = two_instruments(11);
  Book book;
  book.lenders = {"L"};
  book.borrowers = {Borrower{"X", {Loan{0, 5, 5, 0}}, {Position{2, -1000}}}};
  EXPECT_NEAR(assess(book, market, Settings{0.9, 1, 50, 1}).borrowers[0].expected_loss, 5, 1e-9);
}

TEST_F(CreditRisk, ScoreOfASafeBorrowerIsFullAndOfAnInsolventOneIsPaymentsAndSpreadOnly) {
  BorrowerRisk safe;
  safe.exposure = 100;
  safe.assets = safe.gross = 1000;
  safe.concentration = 0.2;
  EXPECT_EQ(score_of(safe).total(), 1000);
  EXPECT_EQ(score_of(safe).grade(), 'A');

  BorrowerRisk broke = safe;
  broke.exposure = 1000;
  EXPECT_EQ(score_of(broke).total(), 250);
  EXPECT_EQ(score_of(broke).grade(), 'E');
}

TEST_F(CreditRisk, ScoreFallsInAStraightLine) {
  BorrowerRisk risk;
  risk.assets = risk.gross = 1000;
  risk.exposure = 750;  // equity 25 %: half of the points for capital
  risk.historical.value_at_risk = 50;
  risk.simulated.value_at_risk = 125;  // the worse one, half of the equity
  risk.default_probability = 0.025;
  risk.days_late = 45;
  risk.concentration = 0.6;
  const Score score = score_of(risk);
  EXPECT_EQ(score.capital, 150);
  EXPECT_EQ(score.stress, 150);
  EXPECT_EQ(score.default_, 75);
  EXPECT_EQ(score.payments, 75);
  EXPECT_EQ(score.concentration, 50);
  EXPECT_EQ(score.grade(), 'C');
}

TEST_F(CreditRisk, ReportRefusesAnUnknownFormatAndWritesTheKnownOnes) {
  Assessment assessment;
  assessment.borrowers.push_back(BorrowerRisk{});
  assessment.borrowers[0].name = "Smith, \"J.\"";
  EXPECT_THAT(write_report(path("r.txt"), assessment, {}).error().to_string(),
              HasSubstr("end its name in .csv or .json"));
  EXPECT_THAT(write_report(path("no/r.csv"), assessment, {}).error().to_string(),
              HasSubstr("cannot be written: No such file"));

  const auto text_of = [&](const std::string& name) {
    EXPECT_TRUE(write_report(path(name), assessment, {}));
    std::ifstream in(path(name));
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_THAT(text_of("r.csv"), HasSubstr("\n\"Smith, \"\"J.\"\"\",0,"));
  EXPECT_THAT(text_of("r.json"), HasSubstr("{\"borrower\": \"Smith, \\\"J.\\\"\", \"loans\": 0,"));
}

TEST_F(CreditRisk, OptionsAreCheckedAgainstTheirBounds) {
  std::string name = "none";
  std::uint64_t count = 5;
  const Option options[] = {{"--name", &name, 0, 0, "a name"}, {"--count", &count, 1, 10, "a count"}};
  const auto fault_of = [&](std::vector<std::string> arguments) -> std::string {
    std::vector<char*> pointers;
    pointers.reserve(arguments.size());
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    const auto parsed = parse_options(pointers, options);
    return parsed ? "" : parsed.error().to_string();
  };
  EXPECT_EQ(fault_of({"--name", "x", "--count", "10"}), "");
  EXPECT_EQ(name, "x");
  EXPECT_EQ(count, 10U);
  EXPECT_THAT(fault_of({"--count", "11"}), HasSubstr("--count is \"11\"; give a whole number from 1 to 10"));
  EXPECT_NE(fault_of({"--count", "2.5"}), "");
  EXPECT_NE(fault_of({"--count", ""}), "");
  EXPECT_THAT(fault_of({"--count"}), HasSubstr("--count has no value"));
  EXPECT_THAT(fault_of({"--colour", "red"}), HasSubstr("there is no option --colour"));
}

}  // namespace
}  // namespace credit
