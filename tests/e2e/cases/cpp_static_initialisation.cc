// Constructors of globals run before main, in order; destructors after it, in reverse; local statics once,
// when reached.
#include <cstdio>
#include <string>
#include <vector>

struct Loud {
  explicit Loud(const char* text) : name(text) { std::printf("construct %s\n", name.c_str()); }
  ~Loud() { std::printf("destroy %s\n", name.c_str()); }
  std::string name;
};

static Loud first("first");
static Loud second("second");
static const std::vector<int> squares = [] {
  std::vector<int> values;
  for (int i = 0; i < 10; ++i) values.push_back(i * i);
  return values;
}();

static Loud& local() {
  static Loud loud("local");
  return loud;
}

int main() {
  std::printf("main %d\n", squares[9]);
  local();
  std::printf("%s\n", local().name.c_str());
  return 0;
}
