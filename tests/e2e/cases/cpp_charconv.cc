// to_chars and from_chars: shortest doubles, bases, errors.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <system_error>

int main() {
  char buffer[64];
  for (double value : {0.1, 1.0 / 3, 1e21, 123456789.0, 5e-324, 1.7976931348623157e308, 0.3, 2.5e-7}) {
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    std::printf("%.*s ", static_cast<int>(end - buffer), buffer);
  }
  for (int base : {2, 8, 16, 36}) {
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, std::numeric_limits<std::int32_t>::min(), base).ptr;
    std::printf("%.*s ", static_cast<int>(end - buffer), buffer);
  }
  std::printf("\n");
  for (const char* text : {"123", "-7f", "999999999999", "x", "42rest"}) {
    int value = -1;
    const auto [rest, error] = std::from_chars(text, text + std::strlen(text), value);
    std::printf("%d [%s] %s\n", value, rest,
                error == std::errc()                      ? "ok"
                : error == std::errc::result_out_of_range ? "range"
                                                          : "invalid");
  }
  return 0;
}
