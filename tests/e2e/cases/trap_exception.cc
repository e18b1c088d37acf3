// A standard function that would throw ends the program, since guests have no exceptions.
// trap: unreachable in abort, __throw_invalid_argument, as_integer_helper
#include <string>

int main() {
  return std::stoi("no number");
}
