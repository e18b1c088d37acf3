#include "score.h"

#include <algorithm>
#include <cmath>

namespace credit {
namespace {

// The points for `value`: `points` at `full` and beyond, 0 at `none` and beyond, in a straight line between,
// rounded to nearest.
int part(int points, double value, double full, double none) {
  const double share = std::clamp((value - none) / (full - none), 0.0, 1.0);
  return static_cast<int>(std::floor(points * share + 0.5));
}

}  // namespace

char Score::grade() const {
  const int points = total();
  if (points >= 800) return 'A';
  if (points >= 650) return 'B';
  if (points >= 500) return 'C';
  if (points >= 300) return 'D';
  return 'E';
}

Score score_of(const BorrowerRisk& risk) {
  Score score;
  score.payments = part(150, risk.days_late, 0, 90);
  // With no position there is nothing to spread.
  score.concentration = risk.gross > 0 ? part(100, risk.concentration, 0.2, 1) : 0;
  if (risk.insolvent()) return score;

  const double worst = std::max(risk.historical.value_at_risk, risk.simulated.value_at_risk);
  score.capital = part(300, risk.equity() / risk.gross, 0.5, 0);
  score.stress = part(300, worst / risk.equity(), 0, 1);
  score.default_ = part(150, risk.default_probability, 0, 0.05);
  return score;
}

}  // namespace credit
