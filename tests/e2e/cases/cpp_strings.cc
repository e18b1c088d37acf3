// std::string and string_view: building, searching, replacing, comparing, converting.
#include <cstdio>
#include <string>
#include <string_view>

using namespace std::literals;

int main() {
  std::string text = "small";
  for (int i = 0; i < 40; ++i) text += " " + std::to_string(i * i);
  std::printf("%zu %s\n", text.size(), text.c_str());
  std::printf("%zu %zu %d\n", text.find("100"), text.rfind(' '), text.find("missing") == std::string::npos);
  text.replace(0, 5, "a rather longer beginning").erase(30, 20).insert(3, "[inserted]");
  std::printf("%s\n", text.c_str());
  const std::string_view view = std::string_view(text).substr(3, 10);
  std::printf("%.*s %d %d\n", static_cast<int>(view.size()), view.data(), view.starts_with("[in"),
              view.compare("zzz") < 0);
  std::printf("%d %ld %.3f %llu\n", std::stoi("  -42x"), std::stol("7f", nullptr, 16), std::stod("2.5e3"),
              std::stoull("18446744073709551615"));
  std::printf("%s %s\n", std::to_string(-7).c_str(), std::to_string(1.5).c_str());
  std::string zeros("a\0b"s);
  zeros.append(3, '\0');
  std::printf("%zu %d\n", zeros.size(), "abc"s < "abd"s);
  std::u16string wide = u"h\u00e9";
  std::printf("%zu %x\n", wide.size(), static_cast<unsigned>(wide[1]));
  return 0;
}
