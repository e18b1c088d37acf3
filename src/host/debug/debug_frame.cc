#include "host/debug/debug_frame.h"

#include <cstring>

namespace twine::host::debug {
namespace {

// DWARF 5, table 7.29; register numbers of the System V ABI for x86-64, figure 3.36.
constexpr uint8_t kAdvanceLoc4 = 0x04;
constexpr uint8_t kDefCfa = 0x0c;
constexpr uint8_t kDefCfaOffset = 0x0e;
constexpr uint8_t kOffset = 0x80;  // | register
constexpr uint8_t kNop = 0x00;
constexpr uint8_t kRsp = 7;
constexpr uint8_t kReturnAddress = 16;
constexpr uint8_t kDataAlignment = 0x78;  // SLEB128 of -8
constexpr uint32_t kCieId = 0xffff'ffff;
constexpr size_t kAlignment = 8;
constexpr uint32_t kOnlyReturnAddress = 8;  // CFA at a function's entry

class Bytes {
 public:
  template <typename T>
  void add(T value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  void add_uleb(uint64_t value) {
    do {
      const auto low = static_cast<uint8_t>(value & 0x7f);
      value >>= 7;
      add(static_cast<uint8_t>(low | (value != 0 ? 0x80 : 0)));
    } while (value != 0);
  }
  // An entry's length stands before it and counts what follows.
  size_t begin_entry() {
    add(uint32_t{0});
    return bytes_.size();
  }
  void end_entry(size_t start) {
    while ((bytes_.size() - start + sizeof(uint32_t)) % kAlignment != 0) add(kNop);
    const auto length = static_cast<uint32_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start - sizeof length, &length, sizeof length);
  }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

void add_cie(Bytes& out) {
  const size_t start = out.begin_entry();
  out.add(kCieId);
  out.add(uint8_t{4});  // version
  out.add(uint8_t{0});  // no augmentation
  out.add(uint8_t{8});  // address size
  out.add(uint8_t{0});  // segment selector size
  out.add_uleb(1);      // code alignment
  out.add(kDataAlignment);
  out.add_uleb(kReturnAddress);
  out.add(kDefCfa);
  out.add_uleb(kRsp);
  out.add_uleb(kOnlyReturnAddress);
  out.add(static_cast<uint8_t>(kOffset | kReturnAddress));
  out.add_uleb(1);  // at CFA - 8
  out.end_entry(start);
}

// Rows without a gap, all of which can be unwound.
void add_fde(Bytes& out, std::span<const FrameRow> rows, uint64_t end) {
  const size_t start = out.begin_entry();
  out.add(uint32_t{0});  // of the only CIE, at the start
  out.add(rows.front().address);
  out.add(end - rows.front().address);
  uint64_t address = rows.front().address;
  for (const FrameRow& row : rows) {
    if (row.address != address) {
      out.add(kAdvanceLoc4);
      out.add(static_cast<uint32_t>(row.address - address));
      address = row.address;
    }
    out.add(kDefCfaOffset);
    out.add_uleb(row.cfa);
  }
  out.end_entry(start);
}

uint64_t read(std::span<const uint8_t> bytes, size_t at, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, size);
  return value;
}

}  // namespace

std::vector<uint8_t> make_debug_frame(std::span<const FrameRow> rows, uint64_t end) {
  Bytes out;
  add_cie(out);
  for (size_t first = 0; first < rows.size();) {
    if (rows[first].cfa == kNoFrame) {
      ++first;
      continue;
    }
    size_t last = first + 1;
    // A new entry wherever a function may begin keeps entries short: a debugger reads one from its start.
    while (last < rows.size() && rows[last].cfa != kNoFrame && rows[last].cfa != kOnlyReturnAddress) ++last;
    add_fde(out, rows.subspan(first, last - first), last < rows.size() ? rows[last].address : end);
    first = last;
  }
  return out.take();
}

std::vector<uint8_t> relocate_debug_frame(std::span<const uint8_t> frames, uint64_t base) {
  std::vector<uint8_t> moved(frames.begin(), frames.end());
  constexpr size_t kLength = 4;
  constexpr size_t kInitialLocation = 8;  // after length and CIE pointer
  for (size_t at = 0; at + kInitialLocation <= moved.size();) {
    const uint64_t length = read(moved, at, kLength);
    if (length > moved.size() - at - kLength || length < 4) break;  // 64-bit DWARF, or damaged
    const bool is_cie = read(moved, at + kLength, 4) == kCieId;
    if (!is_cie && length >= 4 + 16) {
      uint64_t address = read(moved, at + kInitialLocation, 8);
      if (address != 0) address += base;
      std::memcpy(moved.data() + at + kInitialLocation, &address, sizeof address);
    }
    at += kLength + length;
  }
  return moved;
}

}  // namespace twine::host::debug
