// A set of addresses, as disjoint ranges.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace twine::host::preload {

class Ranges {
 public:
  void add(uint64_t start, uint64_t end) {
    remove(start, end);
    auto place = ends_.emplace(start, end).first;
    if (const auto next = std::next(place); next != ends_.end() && next->first == end) {
      place->second = next->second;
      ends_.erase(next);
    }
    if (place == ends_.begin()) return;
    const auto before = std::prev(place);
    if (before->second != start) return;
    before->second = place->second;
    ends_.erase(place);
  }

  void remove(uint64_t start, uint64_t end) {
    auto each = ends_.upper_bound(start);
    if (each != ends_.begin()) --each;
    while (each != ends_.end() && each->first < end) {
      const uint64_t first = each->first;
      const uint64_t last = each->second;
      if (last <= start) {
        ++each;
        continue;
      }
      each = ends_.erase(each);
      if (first < start) ends_.emplace(first, start);
      if (last > end) each = ends_.emplace(end, last).first;
    }
  }

  [[nodiscard]] bool covers(uint64_t start, uint64_t end) const {
    const auto after = ends_.upper_bound(start);
    return after != ends_.begin() && std::prev(after)->second >= end;
  }

  [[nodiscard]] bool overlaps(uint64_t start, uint64_t end) const {
    const auto after = ends_.upper_bound(start);
    if (after != ends_.begin() && std::prev(after)->second > start) return true;
    return after != ends_.end() && after->first < end;
  }

  [[nodiscard]] auto begin() const { return ends_.begin(); }  // pairs of start and end
  [[nodiscard]] auto end() const { return ends_.end(); }

 private:
  std::map<uint64_t, uint64_t> ends_;  // by start
};

}  // namespace twine::host::preload
