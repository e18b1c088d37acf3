// vector, deque, list, map, set, multimap, priority_queue, bitset, array and their iterators.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdio>
#include <deque>
#include <list>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <vector>

int main() {
  std::map<std::string, std::vector<int>> groups;
  for (int i = 0; i < 1000; ++i) groups["key" + std::to_string(i * 7919 % 37)].push_back(i);
  for (const auto& [key, values] : groups)
    std::printf("%s:%zu:%d ", key.c_str(), values.size(), values.back());
  std::deque<int> deque;
  for (int i = 0; i < 100; ++i) i % 3 ? deque.push_back(i) : deque.push_front(i);
  std::list<int> list(deque.begin(), deque.end());
  list.sort();
  list.remove_if([](int x) { return x % 5 == 0; });
  std::set<int> set(list.begin(), list.end());
  set.erase(set.lower_bound(50), set.upper_bound(60));
  std::multimap<int, char> multimap{{2, 'b'}, {1, 'a'}, {2, 'c'}};
  std::priority_queue<int> heap(deque.begin(), deque.end());
  heap.pop();
  std::bitset<130> bits;
  for (int x : set) bits.set(static_cast<size_t>(x));
  const std::array<int, 3> array{3, 1, 2};
  std::printf("\n%d %d %zu %zu %d %zu %d\n", deque.front(), list.front(), set.size(), multimap.count(2),
              heap.top(), bits.count(), array.back());
  std::vector<bool> flags(1000);
  for (size_t i = 0; i < flags.size(); i += 7) flags[i] = true;
  std::printf("%d\n", static_cast<int>(std::count(flags.begin(), flags.end(), true)));
  return 0;
}
