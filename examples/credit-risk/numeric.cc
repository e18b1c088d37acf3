#include "numeric.h"

#include <algorithm>
#include <cmath>

namespace credit {
namespace {

// ln 2 in two parts: the high one has 33 significant bits, so that a small integer times it is exact.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

// A pivot below this part of its diagonal element is rounding noise.
constexpr double kPivotTolerance = 1e-12;

}  // namespace

double natural_log(double x) {
  // x = m 2^k with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh(s) with s = (m - 1) / (m + 1), |s| <=
  // 0.1716.
  int k = 0;
  double m = std::frexp(x, &k);
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    --k;
  }
  const double f = m - 1;
  const double s = f / (m + 1);
  const double z = s * s;
  double series = 0;  // z/3 + z²/5 + … + z¹¹/23, smallest term first
  for (int n = 11; n >= 1; --n) series = (series + 1.0 / (2 * n + 1)) * z;
  // 2 s (1 + series), written so that the leading part f is exact: 2 s = f - s f.
  const double correction = s * (2 * series - f);
  return k * kLn2High + (f + (correction + k * kLn2Low));
}

double exponential(double x) {
  // x = k ln 2 + r with |r| <= ln 2 / 2.
  const double k = std::floor(x / (kLn2High + kLn2Low) + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double series = 0;  // r + r²/2! + … + r¹⁴/14!, by Horner's rule
  for (int n = 14; n >= 1; --n) series = (series + 1) * r / n;
  return std::ldexp(1 + series, static_cast<int>(k));
}

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

std::uint64_t Random::next() {
  const auto rotate = [](std::uint64_t word, int by) { return (word << by) | (word >> (64 - by)); };
  auto& [a, b, c, d] = state_;
  const std::uint64_t result = rotate(b * 5, 7) * 9;
  const std::uint64_t shifted = b << 17;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= shifted;
  d = rotate(d, 45);
  return result;
}

double Random::uniform() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

double Random::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  double u = 0;
  double v = 0;
  double radius = 0;
  do {
    u = 2 * uniform() - 1;
    v = 2 * uniform() - 1;
    radius = u * u + v * v;
  } while (radius >= 1 || radius == 0);
  const double scale = std::sqrt(-2 * natural_log(radius) / radius);
  spare_ = v * scale;
  has_spare_ = true;
  return u * scale;
}

Matrix covariance(const Matrix& samples) {
  const std::size_t n = samples.rows();
  const std::size_t k = samples.columns();
  std::vector<double> mean(k);
  for (std::size_t t = 0; t < n; ++t) {
    for (std::size_t i = 0; i < k; ++i) mean[i] += samples(t, i);
  }
  for (double& value : mean) value /= static_cast<double>(n);

  Matrix result(k, k);
  for (std::size_t t = 0; t < n; ++t) {
    for (std::size_t i = 0; i < k; ++i) {
      const double deviation = samples(t, i) - mean[i];
      for (std::size_t j = 0; j <= i; ++j) result(i, j) += deviation * (samples(t, j) - mean[j]);
    }
  }
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      result(i, j) /= static_cast<double>(n - 1);
      result(j, i) = result(i, j);
    }
  }
  return result;
}

Matrix cholesky(const Matrix& matrix) {
  const std::size_t n = matrix.rows();
  Matrix lower(n, n);
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = matrix(j, j);
    for (std::size_t k = 0; k < j; ++k) pivot -= lower(j, k) * lower(j, k);
    if (pivot <= kPivotTolerance * matrix(j, j)) continue;
    lower(j, j) = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = matrix(i, j);
      for (std::size_t k = 0; k < j; ++k) sum -= lower(i, k) * lower(j, k);
      lower(i, j) = sum / lower(j, j);
    }
  }
  return lower;
}

Tail tail_of(std::vector<double>& losses, double confidence) {
  std::ranges::sort(losses);
  const double n = static_cast<double>(losses.size());
  const double rank = std::clamp(std::ceil(confidence * n), 1.0, n);
  const std::size_t first = static_cast<std::size_t>(rank) - 1;
  double sum = 0;
  for (std::size_t i = first; i < losses.size(); ++i) sum += losses[i];
  return Tail{losses[first], sum / static_cast<double>(losses.size() - first)};
}

}  // namespace credit
