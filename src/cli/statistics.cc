#include "cli/statistics.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace twine::cli {
namespace {

std::string milliseconds(const char* phase, uint64_t nanoseconds, const char* note = "") {
  return fmt::format("  {:<26}{:>12.3f} ms{}\n", phase, static_cast<double>(nanoseconds) / 1e6, note);
}

std::string count(const char* what, uint64_t number, const char* note = "") {
  return fmt::format("  {:<26}{:>12}{}\n", what, number, note);
}

}  // namespace

std::string statistics_table(const twine_statistics& s, const char* confinement) {
  const uint64_t launch = s.image_ns + s.create_ns + s.enter_ns + s.load_ns + s.instantiate_ns;
  std::string text = s.emulated ? "time (emulated SGX: says nothing about hardware)\n" : "time\n";
  text += milliseconds("read module", s.read_ns);
  text += milliseconds(s.compiled ? "compile" : "fetch compiled code", s.compile_ns);
  text += milliseconds("read enclave image", s.image_ns);
  text += milliseconds("create, measure, init", s.create_ns);
  text += milliseconds("enter", s.enter_ns);
  text += milliseconds("load and verify module", s.load_ns);
  text += milliseconds("instantiate", s.instantiate_ns);
  text += milliseconds("guest", s.guest_ns);
  text += milliseconds("finish", s.finish_ns);
  text += milliseconds("launch, without compiling", launch + s.read_ns);
  const char* const note = s.exact_counts ? "" : "  (as far as the host is told)";
  text += "boundary\n";
  text += count("enclave entries", s.enclave_entries, note);
  text += count("enclave exits", s.enclave_exits, note);
  text += count("asynchronous exits (AEX)", s.asynchronous_exits, note);
  if (s.exact_counts) text += count("  by interrupts", s.interrupts);
  text += count("host calls", s.host_calls);
  text += count("  without an exit", s.exitless_calls);
  text += "memory\n";
  text += count("committed pages", s.committed_pages, "  of 4 KiB");
  text += count("peak pages", s.peak_pages);
  text += count("linear memory", s.linear_memory_bytes, " bytes");
  if (s.fuel_limited) text += "guest\n" + count("fuel used", s.fuel_used);
  text += fmt::format("host process confined by\n  {}\n", confinement);
  return text;
}

std::string statistics_json(const twine_statistics& s, const char* confinement) {
  nlohmann::ordered_json object;
  object["emulated"] = s.emulated;
  object["exact_counts"] = s.exact_counts;
  object["compiled"] = s.compiled;
  object["read_ns"] = s.read_ns;
  object["compile_ns"] = s.compile_ns;
  object["image_ns"] = s.image_ns;
  object["create_ns"] = s.create_ns;
  object["enter_ns"] = s.enter_ns;
  object["load_ns"] = s.load_ns;
  object["instantiate_ns"] = s.instantiate_ns;
  object["guest_ns"] = s.guest_ns;
  object["finish_ns"] = s.finish_ns;
  object["enclave_entries"] = s.enclave_entries;
  object["enclave_exits"] = s.enclave_exits;
  object["asynchronous_exits"] = s.asynchronous_exits;
  object["interrupts"] = s.interrupts;
  object["host_calls"] = s.host_calls;
  object["exitless_calls"] = s.exitless_calls;
  object["committed_pages"] = s.committed_pages;
  object["peak_pages"] = s.peak_pages;
  object["linear_memory_bytes"] = s.linear_memory_bytes;
  if (s.fuel_limited) object["fuel_used"] = s.fuel_used;
  object["confinement"] = confinement;
  return object.dump() + "\n";
}

}  // namespace twine::cli
