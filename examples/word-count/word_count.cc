// Counts the words of a file, or of standard input, and prints the most frequent ones.
//
//   twine run --dir .::/texts word-count.wasm /texts/book.txt [HOW-MANY]
//   twine run word-count.wasm - [HOW-MANY] < book.txt
//
// A word is a run of ASCII letters, digits and apostrophes, in lower case. Words of the same count are in
// alphabetical order.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Counts = std::unordered_map<std::string, long>;

Counts count_words(std::FILE* input) {
  Counts counts;
  std::string word;
  for (int c = std::fgetc(input); c != EOF; c = std::fgetc(input)) {
    if (std::isalnum(c) != 0 || c == '\'') {
      word.push_back(static_cast<char>(std::tolower(c)));
    } else if (!word.empty()) {
      ++counts[word];
      word.clear();
    }
  }
  if (!word.empty()) ++counts[word];
  return counts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: word-count FILE|- [HOW-MANY]\n");
    return 2;
  }
  const bool from_stdin = std::strcmp(argv[1], "-") == 0;
  std::FILE* input = from_stdin ? stdin : std::fopen(argv[1], "rb");
  if (input == nullptr) {
    std::fprintf(stderr, "%s: %s; is its directory given with --dir?\n", argv[1], std::strerror(errno));
    return 1;
  }
  const Counts counts = count_words(input);
  if (std::ferror(input) != 0) {
    std::fprintf(stderr, "%s: %s\n", argv[1], std::strerror(errno));
    return 1;
  }

  std::vector<std::pair<std::string, long>> words(counts.begin(), counts.end());
  std::ranges::sort(words, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  const long wanted = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 10;
  const size_t shown = std::min(words.size(), static_cast<size_t>(std::max(wanted, 0L)));
  for (size_t i = 0; i < shown; ++i) std::printf("%8ld %s\n", words[i].second, words[i].first.c_str());
  return 0;
}
