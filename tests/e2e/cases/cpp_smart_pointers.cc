// unique_ptr, shared_ptr, weak_ptr, custom deleters, moves; everything is destroyed exactly once.
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

static int alive = 0;
struct Counted {
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  ~Counted() { --alive; }
  std::shared_ptr<Counted> next;
};

int main() {
  {
    auto unique = std::make_unique<Counted>();
    auto moved = std::move(unique);
    std::printf("%d %d %d\n", alive, unique == nullptr, moved != nullptr);
    std::vector<Counted> many(10);
    many.insert(many.begin() + 5, 5, Counted());
    std::printf("%d\n", alive);
    auto shared = std::make_shared<Counted>();
    std::weak_ptr<Counted> weak = shared;
    for (int i = 0; i < 1000; ++i) {
      auto head = std::make_shared<Counted>();
      head->next = shared;
      shared = head;
    }
    std::printf("%d %ld %d\n", alive, shared.use_count(), weak.expired());
    shared.reset();
    std::printf("%d %d\n", alive, weak.expired());
    auto deleter = [](int* value) {
      std::printf("deleted %d\n", *value);
      delete value;
    };
    std::unique_ptr<int, decltype(deleter)> custom(new int(5), deleter);
  }
  std::printf("%d\n", alive);
  return 0;
}
