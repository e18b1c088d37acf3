// Arithmetic that gives the same bits on every IEEE 754 machine: native, WebAssembly, inside or outside an
// enclave.
//
// The C library's log and exp may differ in the last bit between libraries and processors (a fused
// multiply-add is enough), so the model uses these instead; they use only +, -, *, / and exact operations.
// Compile with -ffp-contract=off.
#ifndef CREDIT_RISK_NUMERIC_H_
#define CREDIT_RISK_NUMERIC_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace credit {

// Natural logarithm of a finite x > 0, within 2 units in the last place.
double natural_log(double x);

// e to the power x, for |x| <= 700, within 2 units in the last place.
double exponential(double x);

// Pseudo-random numbers: xoshiro256** (Blackman and Vigna), its state filled from the seed by SplitMix64. Not
// for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  // Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  // Uniform in [0, bound). bound > 0. The bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // Standard normal, by Marsaglia's polar method.
  double normal();

 private:
  std::array<std::uint64_t, 4> state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

// A dense matrix, row by row.
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns), values_(rows * columns) {}

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  double& operator()(std::size_t row, std::size_t column) { return values_[row * columns_ + column]; }
  double operator()(std::size_t row, std::size_t column) const { return values_[row * columns_ + column]; }
  const double* row(std::size_t row) const { return &values_[row * columns_]; }

 private:
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::vector<double> values_;
};

// Sample covariance (divisor n - 1) of the columns of `samples`, which has at least 2 rows.
Matrix covariance(const Matrix& samples);

// Lower triangular L with L Lᵀ = `matrix`, for a symmetric positive semi-definite matrix. A pivot that is
// zero up to rounding (an instrument that never moves, or one that copies another) gives a zero column, so
// that L is still a valid factor.
Matrix cholesky(const Matrix& matrix);

// Loss that is not exceeded with probability `confidence` (0 < confidence < 1), and the mean of the losses
// from there on.
struct Tail {
  double value_at_risk = 0;
  double expected_shortfall = 0;
};
// `losses` is not empty; it is sorted in place. The quantile is the order statistic of rank ceil(confidence *
// n).
Tail tail_of(std::vector<double>& losses, double confidence);

}  // namespace credit

#endif  // CREDIT_RISK_NUMERIC_H_
