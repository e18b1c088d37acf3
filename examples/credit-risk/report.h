// The results, as tables for people and as a file for programs.
#ifndef CREDIT_RISK_REPORT_H_
#define CREDIT_RISK_REPORT_H_

#include <cstddef>
#include <cstdio>
#include <string>

#include "error.h"
#include "risk.h"

namespace credit {

// Prints the borrowers, worst score first, of which at most `top` (0: all), the lenders and the totals.
void print_tables(std::FILE* out, const Assessment& assessment, const Settings& settings, std::size_t top);

// Writes every borrower, in the order of the book, to `path`: JSON when it ends in .json, CSV when it ends in
// .csv. Numbers have 17 significant digits, so that two reports are equal exactly when all results are, bit
// for bit.
Result<void> write_report(const std::string& path, const Assessment& assessment, const Settings& settings);

}  // namespace credit

#endif  // CREDIT_RISK_REPORT_H_
