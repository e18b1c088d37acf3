// Hash containers of a hundred thousand elements, with rehashing and erasure.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

int main() {
  std::unordered_map<std::uint64_t, std::string> map;
  std::uint64_t key = 1;
  for (int i = 0; i < 100000; ++i) {
    key = key * 6364136223846793005u + 1442695040888963407u;
    map[key >> 44] += static_cast<char>('a' + i % 26);
  }
  std::vector<std::uint64_t> keys;
  std::size_t length = 0;
  for (const auto& [number, text] : map) {
    keys.push_back(number);
    length += text.size();
  }
  std::ranges::sort(keys);
  std::printf("%zu keys, %zu characters, first %llu\n", keys.size(), length,
              static_cast<unsigned long long>(keys[0]));
  std::size_t erased = 0;
  for (std::size_t i = 0; i < keys.size(); i += 2) erased += map.erase(keys[i]);
  std::printf("%zu erased, %zu left, %s\n", erased, map.size(), map.contains(keys[1]) ? "there" : "LOST");
  std::unordered_set<std::string> words{"a", "b", "a"};
  std::printf("%zu\n", words.size());
  return 0;
}
