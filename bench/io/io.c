// File input and output, one case a run: io CASE DIRECTORY. Prints `TIME CHECKSUM`: nanoseconds of the case by the monotonic clock, and a
// number that depends on every byte read and on the state left behind. The same source is built natively and for WASI.
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifdef IO_QUICK
enum {
  kFileBytes = 2 << 20,
  kSmallWrites = 2000,
  kCharacters = 100000,
  kStats = 500,
  kEntries = 50,
  kListings = 3
};
#else
enum {
  kFileBytes = 64 << 20,
  kSmallWrites = 200000,
  kCharacters = 16 << 20,
  kStats = 20000,
  kEntries = 1000,
  kListings = 20
};
#endif
enum { kSmall = 4096, kLarge = 1 << 20, kRandom = kFileBytes / kSmall / 4, kTiny = 32, kPieces = 16 };

static unsigned char block[kLarge];
static uint64_t checksum = 14695981039346656037u;

static void mix(uint64_t value) {
  checksum = (checksum ^ value) * 1099511628211u;
}
static void mix_block(const unsigned char* bytes, size_t size) {
  uint64_t word;
  for (size_t i = 0; i + sizeof word <= size; i += 512) {
    memcpy(&word, bytes + i, sizeof word);
    mix(word);
  }
}
static void need(int holds, const char* what) {
  if (!holds) {
    perror(what);
    exit(1);
  }
}
static uint32_t random_number(uint64_t* state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}
static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int file(const char* name, int flags) {
  const int descriptor = open(name, flags, 0644);
  need(descriptor >= 0, name);
  return descriptor;
}
static void write_in_blocks(size_t size) {
  const int out = file("data", O_WRONLY | O_CREAT | O_TRUNC);
  for (uint64_t done = 0; done < kFileBytes; done += size) {
    memcpy(block, &done, sizeof done);
    need(write(out, block, size) == (ssize_t)size, "write");
  }
  need(close(out) == 0, "close");
}
static void read_in_blocks(size_t size) {
  const int in = file("data", O_RDONLY);
  ssize_t count;
  while ((count = read(in, block, size)) > 0) mix_block(block, (size_t)count);
  need(count == 0 && close(in) == 0, "read");
}

static void write_large(void) {
  write_in_blocks(kLarge);
}
static void write_blocks(void) {
  write_in_blocks(kSmall);
}
static void read_large(void) {
  read_in_blocks(kLarge);
}
static void read_blocks(void) {
  read_in_blocks(kSmall);
}
static void read_random(void) {
  const int in = file("data", O_RDONLY);
  uint64_t state = 1;
  for (int i = 0; i < kRandom; ++i) {
    const off_t at = (off_t)(random_number(&state) % (kFileBytes / kSmall)) * kSmall;
    need(pread(in, block, kSmall, at) == kSmall, "pread");
    mix_block(block, kSmall);
  }
  close(in);
}
static void write_random(void) {
  const int out = file("data", O_WRONLY);
  uint64_t state = 2;
  for (int i = 0; i < kRandom; ++i) {
    const off_t at = (off_t)(random_number(&state) % (kFileBytes / kSmall)) * kSmall;
    memcpy(block, &i, sizeof i);
    need(pwrite(out, block, kSmall, at) == kSmall, "pwrite");
  }
  need(close(out) == 0, "close");
}
static void write_tiny(void) {
  const int out = file("tiny", O_WRONLY | O_CREAT | O_TRUNC);
  for (int i = 0; i < kSmallWrites; ++i) {
    memcpy(block, &i, sizeof i);
    need(write(out, block, kTiny) == kTiny, "write");
  }
  need(close(out) == 0, "close");
}
static void read_tiny(void) {
  const int in = file("tiny", O_RDONLY);
  while (read(in, block, kTiny) == kTiny) mix(block[0]);
  close(in);
}
static void put_characters(void) {
  FILE* out = fopen("text", "w");
  need(out != NULL, "text");
  for (int i = 0; i < kCharacters; ++i) putc('a' + i % 23, out);
  need(fclose(out) == 0, "fclose");
}
static void get_characters(void) {
  FILE* in = fopen("text", "r");
  need(in != NULL, "text");
  int c;
  while ((c = getc(in)) != EOF) mix((uint64_t)c);
  fclose(in);
}
static void write_pieces(void) {
  const int out = file("pieces", O_WRONLY | O_CREAT | O_TRUNC);
  struct iovec pieces[kPieces];
  for (int i = 0; i < kPieces; ++i) pieces[i] = (struct iovec){block + i * 1024, kSmall / kPieces};
  for (size_t done = 0; done < kFileBytes / 4; done += kSmall)
    need(writev(out, pieces, kPieces) == kSmall, "writev");
  need(close(out) == 0, "close");
}
static void stat_storm(void) {
  struct stat status;
  for (int i = 0; i < kStats; ++i) {
    need(stat("data", &status) == 0, "stat");
    mix((uint64_t)status.st_size);
  }
}
static void list_storm(void) {
  for (int i = 0; i < kListings; ++i) {
    DIR* directory = opendir("entries");
    need(directory != NULL, "entries");
    uint64_t sum = 0;
    for (struct dirent* entry; (entry = readdir(directory)) != NULL;) sum += strlen(entry->d_name);
    mix(sum);
    closedir(directory);
  }
}
static void open_storm(void) {
  for (int i = 0; i < kStats; ++i) need(close(file("data", O_RDONLY)) == 0, "close");
}

// What the cases before would have left, for those that read: not measured.
static void prepare(const char* name) {
  for (size_t i = 0; i < kLarge; ++i) block[i] = (unsigned char)(i * 31 >> 3);
  if (strstr(name, "tiny") != NULL) write_tiny();
  if (strcmp(name, "get_characters") == 0) put_characters();
  if (strcmp(name, "list_storm") == 0) {
    char path[64];
    need(mkdir("entries", 0755) == 0, "entries");
    for (int i = 0; i < kEntries; ++i) {
      snprintf(path, sizeof path, "entries/file-%d", i);
      need(close(file(path, O_WRONLY | O_CREAT)) == 0, path);
    }
  }
  if (strcmp(name, "write_large") != 0) write_large();
}

static const struct {
  const char* name;
  void (*run)(void);
} cases[] = {
    {"write_large", write_large},       {"read_large", read_large},     {"write_blocks", write_blocks},
    {"read_blocks", read_blocks},       {"write_random", write_random}, {"read_random", read_random},
    {"write_tiny", write_tiny},         {"read_tiny", read_tiny},       {"put_characters", put_characters},
    {"get_characters", get_characters}, {"write_pieces", write_pieces}, {"stat_storm", stat_storm},
    {"list_storm", list_storm},         {"open_storm", open_storm}};

int main(int count, char** words) {
  need(count == 3 && chdir(words[2]) == 0, "usage: io CASE DIRECTORY");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(cases[i].name, words[1]) != 0) continue;
    prepare(words[1]);
    const long long before = now();
    cases[i].run();
    const long long after = now();
    struct stat status;
    need(stat("data", &status) == 0, "data");
    mix((uint64_t)status.st_size);
    printf("%lld %016llx\n", after - before, (unsigned long long)checksum);
    return 0;
  }
  fprintf(stderr, "io: no case %s\n", words[1]);
  return 1;
}
