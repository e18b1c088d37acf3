// A regular expression matched as a table-driven automaton, as scanners do: the NFA of a set of keywords with wildcards is
// turned into a DFA by the subset construction, which then reads a long text, one table look-up a byte.
#include <string.h>

#include "../kernel.h"

enum {
  kText = KERNEL_SIZE(24 << 20, 256 << 10),
  kMostStates = 4096,
  kPatterns = 8,
  kPositions = 64,  // of all patterns together; a set of them is one word
  kClasses = 28,    // 26 letters, space, everything else
  kRounds = KERNEL_SIZE(4, 1)
};

// '.' is any letter; '*' after it makes it repeat.
static const char* const patterns[kPatterns] = {"enc.ave", "se.l",   "tr.*st",  "q.ote",
                                                "va.lt",   "k.ey*s", "me.s.re", "r.n"};
static uint8_t text[kText], class_of[256];
static uint64_t follows[kPositions][kClasses];  // position, class -> positions after it
static uint64_t starts, accepts[kPatterns];
static uint16_t next_state[kMostStates][kClasses];
static uint64_t positions_of[kMostStates];
static uint8_t matched[kMostStates];  // 1 + pattern, or 0
static uint32_t states;
static uint64_t count[kPatterns + 1];

static void add_patterns(void) {
  unsigned position = 0;
  for (int pattern = 0; pattern < kPatterns; ++pattern) {
    starts |= (uint64_t)1 << position;
    for (const char* at = patterns[pattern]; *at; ++at) {
      const int repeats = at[1] == '*';
      for (int letter = 0; letter < 26; ++letter) {
        if (*at != '.' && *at != 'a' + letter) continue;
        follows[position][letter] |= (uint64_t)1 << (position + !repeats);
        // A repeated element may also be the last of its run.
        if (repeats) follows[position][letter] |= (uint64_t)1 << (position + 1);
      }
      position++;
      if (repeats) ++at;
    }
    accepts[pattern] = (uint64_t)1 << position++;
  }
}

static uint16_t state_for(uint64_t positions) {
  for (uint32_t state = 0; state < states; ++state) {
    if (positions_of[state] == positions) return (uint16_t)state;
  }
  positions_of[states] = positions;
  for (int pattern = 0; pattern < kPatterns; ++pattern) {
    if (positions & accepts[pattern]) matched[states] = (uint8_t)(1 + pattern);
  }
  return (uint16_t)states++;
}

static void determinise(void) {
  state_for(starts);
  for (uint32_t state = 0; state < states; ++state) {
    for (int class = 0; class < kClasses; ++class) {
      uint64_t after = starts;
      for (uint64_t rest = positions_of[state]; rest; rest &= rest - 1) {
        after |= follows[__builtin_ctzll(rest)][class];
      }
      next_state[state][class] = state_for(after);
    }
  }
}

static void prepare(void) {
  static const char letters[] = "eeeetttaaoonnrrsslldducmkqvy ";
  uint64_t state = 12;
  for (size_t i = 0; i < kText; ++i)
    text[i] = (uint8_t)letters[kernel_random(&state) % (sizeof(letters) - 1)];
  memset(class_of, 27, sizeof(class_of));
  for (int letter = 0; letter < 26; ++letter) class_of['a' + letter] = (uint8_t)letter;
  class_of[' '] = 26;
  add_patterns();
  determinise();
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    uint32_t state = 0;
    for (size_t i = 0; i < kText; ++i) {
      state = next_state[state][class_of[text[i]]];
      if (matched[state]) ++count[matched[state]];
    }
  }
}

static double checksum(void) {
  uint64_t sum = states;
  for (int pattern = 1; pattern <= kPatterns; ++pattern) sum += count[pattern] * (uint64_t)(7 * pattern + 1);
  return (double)sum;
}

KERNEL(prepare, run, checksum)
