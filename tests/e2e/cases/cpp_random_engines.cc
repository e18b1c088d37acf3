// The standard's random engines give the numbers that the standard prescribes.
#include <cstdio>
#include <random>

int main() {
  std::mt19937 a;
  std::mt19937_64 b;
  std::minstd_rand c;
  std::ranlux48 d;
  a.discard(9999);
  b.discard(9999);
  c.discard(9999);
  d.discard(9999);
  std::printf("%lu %llu %lu %llu\n", static_cast<unsigned long>(a()), static_cast<unsigned long long>(b()),
              static_cast<unsigned long>(c()), static_cast<unsigned long long>(d()));
  return 0;
}
