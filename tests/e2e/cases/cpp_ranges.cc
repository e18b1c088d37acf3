// Views composed: iota, filter, transform, take, drop, reverse, split, and range algorithms with projections.
#include <algorithm>
#include <cstdio>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

int main() {
  namespace views = std::views;
  for (int x : views::iota(1) | views::filter([](int i) { return i % 3 == 0; }) |
                   views::transform([](int i) { return i * i; }) | views::drop(2) | views::take(8)) {
    std::printf("%d ", x);
  }
  std::printf("\n");
  struct Person {
    std::string name;
    int age;
  };
  std::vector<Person> people{{"Ada", 36}, {"Grace", 85}, {"Alan", 41}, {"Edsger", 72}};
  std::ranges::sort(people, {}, &Person::age);
  for (const std::string& name : people | views::reverse | views::transform(&Person::name))
    std::printf("%s ", name.c_str());
  std::printf("\n");
  for (auto word : views::split(std::string_view("one,two,,three"), ',')) {
    std::printf("[%s]", std::string(word.begin(), word.end()).c_str());
  }
  const auto oldest = std::ranges::max_element(people, {}, &Person::age);
  std::printf("\n%s %d\n", oldest->name.c_str(),
              std::ranges::any_of(people, [](int age) { return age < 40; }, &Person::age));
  return 0;
}
