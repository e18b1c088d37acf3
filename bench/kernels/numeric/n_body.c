// Five bodies under gravity, integrated by leapfrog: scalar double arithmetic with a square root and a
// division in the inner loop.

#include "../kernel.h"

enum { kBodies = 5, kSteps = KERNEL_SIZE(6000000, 50000) };

static const double kStep = 0.001;
static struct body {
  double position[3], velocity[3], mass;
} bodies[kBodies];

// A heavy body at rest and four light ones on nearly circular, inclined orbits (units: its mass, G = 1).
static void prepare(void) {
  bodies[0].mass = 1;
  for (int i = 1; i < kBodies; ++i) {
    const double radius = 1 + 1.7 * (i - 1), speed = sqrt(1 / radius);
    bodies[i] = (struct body){{radius, 0, 0.03 * i}, {0.01 * i, speed, 0.02 * speed}, 1e-3 / i};
  }
}

static void run(void) {
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < kBodies; ++i) {
      for (int j = i + 1; j < kBodies; ++j) {
        struct body *a = &bodies[i], *b = &bodies[j];
        const double x = a->position[0] - b->position[0];
        const double y = a->position[1] - b->position[1];
        const double z = a->position[2] - b->position[2];
        const double square = x * x + y * y + z * z;
        const double pull = kStep / (square * sqrt(square));
        a->velocity[0] -= x * b->mass * pull;
        a->velocity[1] -= y * b->mass * pull;
        a->velocity[2] -= z * b->mass * pull;
        b->velocity[0] += x * a->mass * pull;
        b->velocity[1] += y * a->mass * pull;
        b->velocity[2] += z * a->mass * pull;
      }
    }
    for (int i = 0; i < kBodies; ++i) {
      for (int axis = 0; axis < 3; ++axis) bodies[i].position[axis] += kStep * bodies[i].velocity[axis];
    }
  }
}

// The total energy, which rounding hardly moves; positions after so many steps it does.
static double checksum(void) {
  double energy = 0;
  for (int i = 0; i < kBodies; ++i) {
    const struct body* a = &bodies[i];
    for (int axis = 0; axis < 3; ++axis) energy += a->mass * a->velocity[axis] * a->velocity[axis] / 2;
    for (int j = i + 1; j < kBodies; ++j) {
      const struct body* b = &bodies[j];
      double square = 0;
      for (int axis = 0; axis < 3; ++axis) {
        const double distance = a->position[axis] - b->position[axis];
        square += distance * distance;
      }
      energy -= a->mass * b->mass / sqrt(square);
    }
  }
  return energy;
}

KERNEL(prepare, run, checksum)
