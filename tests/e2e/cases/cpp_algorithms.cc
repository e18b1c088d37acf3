// The algorithms library: sorting, partitioning, heaps, sets, permutations, numerics.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

static void show(const char* what, const std::vector<int>& values) {
  std::printf("%s:", what);
  for (int value : values) std::printf(" %d", value);
  std::printf("\n");
}

int main() {
  std::vector<int> values(20);
  for (int i = 0; i < 20; ++i) values[static_cast<size_t>(i)] = i * 37 % 23;
  show("start", values);
  auto copy = values;
  std::sort(copy.begin(), copy.end(), std::greater<>());
  show("descending", copy);
  copy = values;
  std::partial_sort(copy.begin(), copy.begin() + 5, copy.end());
  copy.resize(5);
  show("smallest five", copy);
  copy = values;
  std::nth_element(copy.begin(), copy.begin() + 10, copy.end());
  std::printf("median %d\n", copy[10]);
  copy = values;
  std::rotate(copy.begin(), copy.begin() + 3, copy.end());
  std::reverse(copy.begin() + 5, copy.begin() + 10);
  show("rotated", copy);
  std::sort(copy.begin(), copy.end());
  copy.erase(std::unique(copy.begin(), copy.end()), copy.end());
  std::vector<int> evens, both;
  for (int i = 0; i < 40; i += 2) evens.push_back(i);
  std::set_intersection(copy.begin(), copy.end(), evens.begin(), evens.end(), std::back_inserter(both));
  show("even", both);
  std::make_heap(copy.begin(), copy.end());
  std::pop_heap(copy.begin(), copy.end());
  std::printf("top %d, heap %d\n", copy.back(), std::is_heap(copy.begin(), copy.end() - 1));
  std::string letters = "abcd";
  int count = 0;
  do ++count;
  while (std::next_permutation(letters.begin(), letters.end()));
  std::printf("%d permutations\n", count);
  std::vector<int> sums(values.size());
  std::inclusive_scan(values.begin(), values.end(), sums.begin());
  show("sums", sums);
  std::printf("%d %d %d %d\n", std::accumulate(values.begin(), values.end(), 0),
              std::inner_product(values.begin(), values.end(), sums.begin(), 0), std::gcd(84, 36),
              std::lcm(12, 18));
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  std::printf("%d %d %d\n", *least, *most, std::clamp(99, *least, *most));
  return 0;
}
