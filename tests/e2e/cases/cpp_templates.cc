// Compile-time computation, concepts, folds, CRTP, and a small expression-template matrix.
#include <array>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <utility>

template <std::size_t N>
constexpr std::array<std::uint64_t, N> fibonacci() {
  std::array<std::uint64_t, N> values{};
  for (std::size_t i = 0; i < N; ++i) values[i] = i < 2 ? i : values[i - 1] + values[i - 2];
  return values;
}
template <typename T>
concept Number = std::integral<T> || std::floating_point<T>;
template <Number... Ts>
constexpr auto sum(Ts... values) {
  return (values + ... + 0);
}
template <typename Derived>
struct Countable {
  int count() const { return static_cast<const Derived*>(this)->limit() * 2; }
};
struct Seven : Countable<Seven> {
  int limit() const { return 7; }
};
template <int N>
struct Matrix {
  std::array<double, N * N> cells{};
  friend Matrix operator*(const Matrix& a, const Matrix& b) {
    Matrix c;
    for (int i = 0; i < N; ++i)
      for (int k = 0; k < N; ++k)
        for (int j = 0; j < N; ++j)
          c.cells[static_cast<std::size_t>(i * N + j)] +=
              a.cells[static_cast<std::size_t>(i * N + k)] * b.cells[static_cast<std::size_t>(k * N + j)];
    return c;
  }
};

int main() {
  static constexpr auto kFibonacci = fibonacci<94>();
  static_assert(kFibonacci[10] == 55);
  std::printf("%llu %g %d\n", static_cast<unsigned long long>(kFibonacci[93]), sum(1, 2.5, 3.0f),
              Seven().count());
  Matrix<12> matrix;
  for (std::size_t i = 0; i < matrix.cells.size(); ++i) matrix.cells[i] = static_cast<double>(i % 7) / 4;
  const auto cube = matrix * matrix * matrix;
  std::printf("%.17g %.17g\n", cube.cells[5], cube.cells[143]);
  return 0;
}
