// Durations and clocks of <chrono>: conversion, rounding, calendar days, steady time.
#include <chrono>
#include <cstdio>

int main() {
  using namespace std::chrono;
  using namespace std::chrono_literals;
  std::printf("%lld %lld %lld\n", static_cast<long long>(duration_cast<seconds>(2h + 30min).count()),
              static_cast<long long>(floor<minutes>(119s).count()),
              static_cast<long long>(round<milliseconds>(1500500ns).count()));
  const sys_days day = 2024y / February / 29;
  std::printf("%d %u\n", static_cast<int>(day.time_since_epoch().count()), weekday(day).c_encoding());
  const year_month_day next(day + days(1));
  std::printf("%d-%u-%u\n", static_cast<int>(next.year()), static_cast<unsigned>(next.month()),
              static_cast<unsigned>(next.day()));
  const auto before = steady_clock::now();
  const auto after = steady_clock::now();
  std::printf("%d %d\n", after >= before, system_clock::now().time_since_epoch() > hours(24 * 365 * 50));
  return 0;
}
