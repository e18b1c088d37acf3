// variant, optional, any-like erasure by function, tuple, expected, structured bindings.
#include <cstdio>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

static std::expected<int, std::string> parse(const std::string& text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::unexpected("bad digit " + std::string(1, c));
    value = value * 10 + (c - '0');
  }
  return value;
}

int main() {
  std::vector<std::variant<int, double, std::string>> values{1, 2.5, std::string("three"), -4};
  for (const auto& value : values) {
    std::visit(
        Overloaded{[](int i) { std::printf("int %d\n", i); }, [](double d) { std::printf("double %g\n", d); },
                   [](const std::string& s) { std::printf("string %s\n", s.c_str()); }},
        value);
  }
  std::optional<std::string> maybe;
  std::printf("%s ", maybe.value_or("empty").c_str());
  maybe = "full";
  std::printf("%s\n", maybe->c_str());
  for (const char* text : {"123", "12x"}) {
    const auto result = parse(text);
    std::printf("%s\n", result ? std::to_string(*result).c_str() : result.error().c_str());
  }
  int total = 0;
  std::vector<std::function<int(int)>> functions;
  for (int i = 1; i < 5; ++i) functions.emplace_back([i, &total](int x) { return total += i * x; });
  for (const auto& function : functions) function(10);
  const auto [a, b, c] = std::tuple(total, 'x', 2.5);
  std::printf("%d %c %g\n", a, b, c);
  return 0;
}
