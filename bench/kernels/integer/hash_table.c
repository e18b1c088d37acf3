// A hash table with open addressing and linear probing, larger than the caches: inserts, hits, misses and
// deletions.
#include "../kernel.h"

enum { kBits = KERNEL_SIZE(21, 14), kSlots = 1 << kBits, kKeys = kSlots / 2, kRounds = 4 };

// Key 0 is an empty slot.
static struct slot {
  uint64_t key, value;
} slots[kSlots];
static uint64_t found;

static uint32_t slot_of(uint64_t key) {
  return (uint32_t)((key * 0x9e3779b97f4a7c15u) >> (64 - kBits));
}

static struct slot* find(uint64_t key) {
  uint32_t at = slot_of(key);
  while (slots[at].key != 0 && slots[at].key != key) at = (at + 1) % kSlots;
  return &slots[at];
}

// Closes the gap by moving later slots of the same run back (Knuth, volume 3, section 6.4, algorithm R).
static void erase(struct slot* slot) {
  uint32_t gap = (uint32_t)(slot - slots), at = gap;
  while (1) {
    at = (at + 1) % kSlots;
    if (slots[at].key == 0) break;
    const uint32_t home = slot_of(slots[at].key);
    if (((at - home) & (kSlots - 1)) >= ((at - gap) & (kSlots - 1))) {
      slots[gap] = slots[at];
      gap = at;
    }
  }
  slots[gap].key = 0;
}

static void prepare(void) {}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    uint64_t state = 7;
    for (uint32_t i = 0; i < kKeys; ++i) {
      const uint64_t key = 2 * (uint64_t)kernel_random(&state) + 1;
      struct slot* slot = find(key);
      slot->key = key;
      slot->value += i;
    }
    state = 7;
    for (uint32_t i = 0; i < kKeys; ++i) {
      const uint64_t key = 2 * (uint64_t)kernel_random(&state) + 1;
      found += find(key)->value & 0xff;
      found += find(key + 1)->key;  // an even key is never there
      if (i % 4 == 0) {
        struct slot* slot = find(key);
        if (slot->key != 0) erase(slot);
      }
    }
  }
}

static double checksum(void) {
  uint64_t sum = found;
  for (uint32_t i = 0; i < kSlots; ++i) sum += slots[i].key ? slots[i].value & 0xff : 0;
  return (double)sum;
}

KERNEL(prepare, run, checksum)
