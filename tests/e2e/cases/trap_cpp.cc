// C++: a division by zero beneath std::function and a virtual call; names in the backtrace are C++'s.
// trap: integer divide by zero in average
// stdout: 2
#include <cstdio>
#include <functional>
#include <vector>

struct Statistics {
  virtual ~Statistics() = default;
  virtual int of(const std::vector<int>& values) const = 0;
};

struct Average : Statistics {
  [[gnu::noinline]] static int average(const std::vector<int>& values) {
    int sum = 0;
    for (int value : values) sum += value;
    const volatile int count = static_cast<int>(values.size());
    return sum / count;
  }
  int of(const std::vector<int>& values) const override { return average(values); }
};

int main() {
  const Average average;
  const std::function<int(const std::vector<int>&)> measure = [&](const std::vector<int>& values) {
    return static_cast<const Statistics&>(average).of(values);
  };
  std::printf("%d\n", measure({1, 2, 3}));
  std::fflush(stdout);
  std::printf("%d\n", measure({}));
  return 0;
}
