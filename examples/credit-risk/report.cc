#include "report.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "score.h"

namespace credit {
namespace {

constexpr std::size_t kNameWidth = 18;

// 1234567.8 as "1,234,568".
std::string grouped(double amount) {
  char digits[340];
  std::snprintf(digits, sizeof digits, "%.0f", amount);
  std::string text = digits;
  if (text == "-0") text = "0";
  const std::size_t first = text[0] == '-' ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, ",");
  return text;
}

// At most kNameWidth characters, so that a long name does not push the columns.
std::string shortened(const std::string& name) {
  return name.size() <= kNameWidth ? name : name.substr(0, kNameWidth - 2) + "..";
}

std::string leverage_text(const BorrowerRisk& risk) {
  if (risk.insolvent()) return "insolvent";
  char text[340];
  std::snprintf(text, sizeof text, "%.2f", risk.leverage());
  return text;
}

void print_rule(std::FILE* out, std::size_t width) {
  std::fprintf(out, "%s\n", std::string(width, '-').c_str());
}

void print_borrowers(std::FILE* out, const std::vector<BorrowerRisk>& borrowers, std::size_t top) {
  std::vector<int> scores;
  scores.reserve(borrowers.size());
  for (const BorrowerRisk& risk : borrowers) scores.push_back(score_of(risk).total());
  std::vector<std::size_t> order(borrowers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t number) { return std::pair(scores[number], number); });
  const std::size_t shown = top == 0 ? order.size() : std::min(top, order.size());

  constexpr std::size_t kWidth = 113;
  std::fprintf(out, "\nBorrowers, worst score first (%zu of %zu)\n", shown, order.size());
  std::fprintf(out, "%-*s %5s %13s %13s %9s %13s %13s %9s %11s\n", static_cast<int>(kNameWidth), "borrower",
               "loans", "exposure", "assets", "leverage", "hist. VaR", "sim. VaR", "default", "score");
  print_rule(out, kWidth);
  for (std::size_t i = 0; i < shown; ++i) {
    const BorrowerRisk& risk = borrowers[order[i]];
    std::fprintf(out, "%-*s %5zu %13s %13s %9s %13s %13s %8.2f%% %9d %c\n", static_cast<int>(kNameWidth),
                 shortened(risk.name).c_str(), risk.loans, grouped(risk.exposure).c_str(),
                 grouped(risk.assets).c_str(), leverage_text(risk).c_str(),
                 grouped(risk.historical.value_at_risk).c_str(),
                 grouped(risk.simulated.value_at_risk).c_str(), 100 * risk.default_probability,
                 scores[order[i]], score_of(risk).grade());
  }
}

void print_lenders(std::FILE* out, const std::vector<LenderRisk>& lenders) {
  constexpr std::size_t kWidth = 95;
  std::fprintf(out, "\nLenders\n");
  std::fprintf(out, "%-*s %5s %15s %13s %13s %13s %13s\n", static_cast<int>(kNameWidth), "lender", "loans",
               "exposure", "interest", "expected loss", "VaR", "shortfall");
  print_rule(out, kWidth);
  for (const LenderRisk& lender : lenders) {
    std::fprintf(out, "%-*s %5zu %15s %13s %13s %13s %13s\n", static_cast<int>(kNameWidth),
                 shortened(lender.name).c_str(), lender.loans, grouped(lender.exposure).c_str(),
                 grouped(lender.interest).c_str(), grouped(lender.expected_loss).c_str(),
                 grouped(lender.loss.value_at_risk).c_str(), grouped(lender.loss.expected_shortfall).c_str());
  }
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      quoted += escape;
      continue;
    }
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

// The numbers of a report: name and value, in the order of the columns.
std::vector<std::pair<std::string_view, double>> figures(const BorrowerRisk& risk) {
  return {{"loans", static_cast<double>(risk.loans)},
          {"exposure", risk.exposure},
          {"assets", risk.assets},
          {"gross", risk.gross},
          {"concentration", risk.concentration},
          {"days_late", risk.days_late},
          {"historical_var", risk.historical.value_at_risk},
          {"historical_shortfall", risk.historical.expected_shortfall},
          {"simulated_var", risk.simulated.value_at_risk},
          {"simulated_shortfall", risk.simulated.expected_shortfall},
          {"default_probability", risk.default_probability},
          {"expected_loss", risk.expected_loss}};
}

void write_csv(std::FILE* out, const Assessment& assessment) {
  std::fprintf(out, "borrower");
  for (const auto& [name, value] : figures(BorrowerRisk{}))
    std::fprintf(out, ",%s", std::string(name).c_str());
  std::fprintf(out, ",score,grade\n");
  for (const BorrowerRisk& risk : assessment.borrowers) {
    std::fprintf(out, "%s", csv_field(risk.name).c_str());
    for (const auto& [name, value] : figures(risk)) std::fprintf(out, ",%.17g", value);
    const Score score = score_of(risk);
    std::fprintf(out, ",%d,%c\n", score.total(), score.grade());
  }
}

void write_json(std::FILE* out, const Assessment& assessment, const Settings& settings) {
  std::fprintf(out,
               "{\n  \"confidence\": %.17g,\n  \"horizon\": %zu,\n  \"paths\": %zu,\n  \"seed\": %" PRIu64
               ",\n  \"borrowers\": [",
               settings.confidence, settings.horizon, settings.paths, settings.seed);
  const char* separator = "\n";
  for (const BorrowerRisk& risk : assessment.borrowers) {
    std::fprintf(out, "%s    {\"borrower\": %s", separator, json_string(risk.name).c_str());
    for (const auto& [name, value] : figures(risk))
      std::fprintf(out, ", \"%s\": %.17g", std::string(name).c_str(), value);
    const Score score = score_of(risk);
    std::fprintf(out, ", \"score\": %d, \"grade\": \"%c\"}", score.total(), score.grade());
    separator = ",\n";
  }
  std::fprintf(out, "\n  ]\n}\n");
}

}  // namespace

void print_tables(std::FILE* out, const Assessment& assessment, const Settings& settings, std::size_t top) {
  print_borrowers(out, assessment.borrowers, top);
  print_lenders(out, assessment.lenders);

  double exposure = 0;
  double expected_loss = 0;
  std::size_t insolvent = 0;
  for (const BorrowerRisk& risk : assessment.borrowers) {
    exposure += risk.exposure;
    expected_loss += risk.expected_loss;
    insolvent += risk.insolvent() ? 1 : 0;
  }
  std::fprintf(
      out, "\nTotal exposure %s, expected loss %s over %zu days; %zu of %zu borrowers are insolvent today.\n",
      grouped(exposure).c_str(), grouped(expected_loss).c_str(), settings.horizon, insolvent,
      assessment.borrowers.size());
}

Result<void> write_report(const std::string& path, const Assessment& assessment, const Settings& settings) {
  const bool json = path.ends_with(".json");
  if (!json && !path.ends_with(".csv")) {
    return std::unexpected(Error{path, 0, "the report's format is unknown", "end its name in .csv or .json"});
  }
  std::FILE* out = std::fopen(path.c_str(), "wb");
  if (out == nullptr) {
    return std::unexpected(Error{path, 0, std::string("cannot be written: ") + std::strerror(errno),
                                 "give a path beneath a directory that the program may write to"});
  }
  if (json) {
    write_json(out, assessment, settings);
  } else {
    write_csv(out, assessment);
  }
  // Buffered output may fail as late as here.
  const bool failed = std::ferror(out) != 0;
  if (std::fclose(out) != 0 || failed) {
    return std::unexpected(Error{path, 0, "writing failed", "check that there is space left"});
  }
  return {};
}

}  // namespace credit
