// A byte-oriented Lempel-Ziv compressor with a hash of the last place of each four bytes, and its decompressor, over
// text-like data.
//
// A stream is a sequence of:
//   token      1 byte: upper 4 bits the number of literals, lower 4 bits the length of the match minus kLeastMatch;
//              15 in either means that further bytes follow, each added, the last one below 255
//   literals   as many bytes as the token says
//   distance   2 bytes, little-endian, of the match; the stream ends where the input ends, with a token without it
#include <string.h>

#include "../kernel.h"

enum {
  kSize = KERNEL_SIZE(16 << 20, 256 << 10),
  kHashBits = 15,
  kLeastMatch = 4,
  kFarthest = 65535,
  kRounds = KERNEL_SIZE(2, 1)
};

static uint8_t text[kSize], packed[kSize + kSize / 128 + 64], unpacked[kSize];
static uint32_t last_place[1 << kHashBits];
static size_t packed_size;

// Words of a made-up vocabulary, the frequent ones more often, as in natural text.
static void prepare(void) {
  static char words[1024][12];
  uint64_t state = 11;
  for (int word = 0; word < 1024; ++word) {
    const int length = 2 + (int)(kernel_random(&state) % 9);
    for (int i = 0; i < length; ++i) words[word][i] = (char)('a' + kernel_random(&state) % 26);
    words[word][length] = ' ';
  }
  for (size_t at = 0; at < kSize;) {
    const uint32_t random = kernel_random(&state);
    const char* word = words[(random % 1024) >> (random >> 20) % 6];
    do text[at++] = (uint8_t)*word;
    while (at < kSize && *word++ != ' ');
  }
}

static uint32_t four_bytes(const uint8_t* at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return value;
}

static uint8_t* put_rest(uint8_t* to, size_t rest) {
  for (; rest >= 255; rest -= 255) *to++ = 255;
  *to++ = (uint8_t)rest;
  return to;
}

static uint8_t* put_literals(uint8_t* to, const uint8_t* literals, size_t count, size_t match) {
  *to++ = (uint8_t)((count < 15 ? count : 15) << 4 | (match < 15 ? match : 15));
  if (count >= 15) to = put_rest(to, count - 15);
  memcpy(to, literals, count);
  return to + count;
}

static size_t compress(uint8_t* to) {
  uint8_t* const start = to;
  memset(last_place, 0, sizeof(last_place));
  size_t literals = 0, at = 1;
  while (at + 8 < kSize) {
    const uint32_t here = four_bytes(text + at);
    uint32_t* const entry = &last_place[here * 2654435761u >> (32 - kHashBits)];
    const size_t before = *entry;
    *entry = (uint32_t)at;
    if (at - before > kFarthest || four_bytes(text + before) != here) {
      ++at;
      continue;
    }
    size_t length = kLeastMatch;
    while (at + length < kSize - 8 && text[before + length] == text[at + length]) ++length;
    to = put_literals(to, text + literals, at - literals, length - kLeastMatch);
    *to++ = (uint8_t)(at - before);
    *to++ = (uint8_t)((at - before) >> 8);
    if (length - kLeastMatch >= 15) to = put_rest(to, length - kLeastMatch - 15);
    at += length;
    literals = at;
  }
  to = put_literals(to, text + literals, kSize - literals, 0);
  return (size_t)(to - start);
}

static size_t get_rest(const uint8_t** from) {
  size_t rest = 0;
  uint8_t byte;
  do rest += byte = *(*from)++;
  while (byte == 255);
  return rest;
}

static void decompress(const uint8_t* from, uint8_t* to) {
  uint8_t* const end = to + kSize;
  while (1) {
    const uint8_t token = *from++;
    size_t literals = token >> 4;
    if (literals == 15) literals += get_rest(&from);
    memcpy(to, from, literals);
    to += literals;
    from += literals;
    if (to == end) return;
    const size_t distance = from[0] | (size_t)from[1] << 8;
    from += 2;
    size_t length = token & 15;
    if (length == 15) length += get_rest(&from);
    length += kLeastMatch;
    for (size_t i = 0; i < length; ++i) to[i] = to[i - distance];  // may overlap
    to += length;
  }
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    packed_size = compress(packed);
    decompress(packed, unpacked);
  }
}

// The packed size, or a negative number when the text does not come back.
static double checksum(void) {
  return memcmp(text, unpacked, kSize) == 0 ? (double)packed_size : -1;
}

KERNEL(prepare, run, checksum)
