// Half a million records sorted by three ways, which agree.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <vector>

struct Record {
  std::uint32_t key;
  std::uint32_t order;
  auto operator<=>(const Record&) const = default;
};

int main() {
  std::vector<Record> records(500000);
  std::uint32_t state = 2463534242;
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    records[i] = {state % 100000, i};
  }
  auto sorted = records;
  std::sort(sorted.begin(), sorted.end());
  auto heaped = records;
  std::make_heap(heaped.begin(), heaped.end());
  std::sort_heap(heaped.begin(), heaped.end());
  std::map<std::uint32_t, std::uint32_t> counts;
  for (const Record& record : records) ++counts[record.key];
  std::printf("%d %d %zu %u %u\n", std::is_sorted(sorted.begin(), sorted.end()), sorted == heaped,
              counts.size(), sorted[250000].key, sorted[250000].order);
  return 0;
}
