// Virtual calls, multiple and virtual inheritance, dynamic_cast, typeid, pure interfaces, destructors in
// order.
#include <cstdio>
#include <memory>
#include <typeinfo>
#include <vector>

struct Shape {
  virtual ~Shape() { std::printf("~Shape "); }
  virtual double area() const = 0;
};
struct Named {
  virtual ~Named() = default;
  virtual const char* name() const { return "unnamed"; }
};
struct Circle : Shape, Named {
  explicit Circle(double radius) : r(radius) {}
  ~Circle() override { std::printf("~Circle "); }
  double area() const override { return 3 * r * r; }
  const char* name() const override { return "circle"; }
  double r;
};
struct Square : Shape {
  explicit Square(double side) : s(side) {}
  double area() const override { return s * s; }
  double s;
};
struct Base {
  int value = 1;
};
struct Left : virtual Base {
  Left() { value += 10; }
};
struct Right : virtual Base {
  Right() { value *= 3; }
};
struct Bottom : Left, Right {};

int main() {
  {
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 1; i <= 3; ++i) {
      shapes.push_back(std::make_unique<Circle>(i));
      shapes.push_back(std::make_unique<Square>(i));
    }
    for (const auto& owner : shapes) {
      const Shape& shape = *owner;
      const auto* named = dynamic_cast<const Named*>(&shape);
      std::printf("%g %s %d\n", shape.area(), named ? named->name() : "no name",
                  typeid(shape) == typeid(Square));
    }
    while (!shapes.empty()) shapes.pop_back();  // a vector's own order of destruction is not specified
  }
  std::printf("\n%d\n", Bottom().value);
  return 0;
}
