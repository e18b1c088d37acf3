// Streams: cin, cout with manipulators, string streams, getline, custom operator<<.
// stdin: b"12 3.5 word\na whole line\nlast"
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>

struct Point {
  int x, y;
};
static std::ostream& operator<<(std::ostream& out, const Point& point) {
  return out << '(' << point.x << ',' << point.y << ')';
}

int main() {
  int i = 0;
  double d = 0;
  std::string word, line;
  std::cin >> i >> d >> word >> std::ws;
  std::getline(std::cin, line);
  std::cout << i << ' ' << d << ' ' << word << " [" << line << "]\n";
  std::cin >> word;
  std::cout << word << ' ' << std::cin.eof() << ' ' << (std::cin >> word ? "more" : "end") << '\n';
  std::cout << std::hex << std::showbase << 255 << std::dec << ' ' << std::setw(8) << std::setfill('*') << 42
            << ' ' << std::left << std::setw(6) << "ab" << '|' << std::boolalpha << true << '\n';
  std::cout << std::fixed << std::setprecision(3) << 3.14159 << ' ' << std::scientific << 31415.9 << ' '
            << std::defaultfloat << 1e10 << '\n';
  std::ostringstream out;
  out << Point{3, -4} << ';' << 7;
  std::istringstream in(out.str());
  char c = 0;
  in >> c >> i;
  std::cout << out.str() << ' ' << c << i << std::endl;
  return 0;
}
