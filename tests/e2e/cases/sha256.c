// SHA-256 of FIPS 180-4's examples and of a million letters a.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t constants[64];

static uint32_t rotate(uint32_t x, int by) {
  return x >> by | x << (32 - by);
}

// The fractional parts of the cube roots of the first 64 primes, by integer search.
static void make_constants(void) {
  int count = 0;
  for (uint32_t n = 2; count < 64; ++n) {
    int prime = 1;
    for (uint32_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (!prime) continue;
    uint64_t low = 0, high = (uint64_t)7 << 32;  // the cube root of 311, the 64th prime, is below 7
    while (high - low > 1) {
      const uint64_t middle = (low + high) / 2;
      if ((unsigned __int128)middle * middle * middle <= (unsigned __int128)n << 96) {
        low = middle;
      } else {
        high = middle;
      }
    }
    constants[count++] = (uint32_t)low;
  }
}

static void compress(uint32_t state[8], const unsigned char* block) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; ++i)
    w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; ++i) {
    const uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
           (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  memcpy(v, state, sizeof v);
  for (int i = 0; i < 64; ++i) {
    const uint32_t e = v[4], a = v[0];
    const uint32_t t = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & v[5]) ^ (~e & v[6])) +
                       constants[i] + w[i];
    const uint32_t u =
        (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t;
    v[0] = t + u;
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
}

static void digest(const unsigned char* text, size_t length) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  size_t at = 0;
  for (; length - at >= 64; at += 64) compress(state, text + at);
  unsigned char last[128] = {0};
  const size_t rest = length - at, size = rest < 56 ? 64 : 128;
  memcpy(last, text + at, rest);
  last[rest] = 0x80;
  for (int i = 0; i < 8; ++i) last[size - 1 - (size_t)i] = (unsigned char)((uint64_t)length * 8 >> 8 * i);
  for (size_t i = 0; i < size; i += 64) compress(state, last + i);
  for (int i = 0; i < 8; ++i) printf("%08x", state[i]);
  printf("\n");
}

int main(void) {
  static unsigned char letters[1000000];
  memset(letters, 'a', sizeof letters);
  make_constants();
  digest((const unsigned char*)"abc", 3);
  digest((const unsigned char*)"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
  digest(letters, 0);
  digest(letters, sizeof letters);
  return 0;
}
