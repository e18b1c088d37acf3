// A borrower's score out of 1,000, the sum of five parts. Each falls in a straight line from its full points
// to none.
//
//   part           points  full at          none at
//   capital           300  equity 50 %      equity 0 of the gross positions
//   stress            300  loss 0           loss 100 % of equity (the worse of historical and simulated value at risk)
//   default           150  probability 0    probability 5 % over the horizon
//   payments          150  0 days late      90 days late, where Basel II counts a loan as in default
//   concentration     100  index 0.2        index 1, a single position
//
// An insolvent borrower gets nothing for capital, stress and default. Grades: A from 800, B from 650, C from
// 500, D from 300, E.
#ifndef CREDIT_RISK_SCORE_H_
#define CREDIT_RISK_SCORE_H_

#include "risk.h"

namespace credit {

struct Score {
  int capital = 0;
  int stress = 0;
  int default_ = 0;
  int payments = 0;
  int concentration = 0;

  int total() const { return capital + stress + default_ + payments + concentration; }
  char grade() const;
};

Score score_of(const BorrowerRisk& risk);

}  // namespace credit

#endif  // CREDIT_RISK_SCORE_H_
