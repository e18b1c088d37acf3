// Reading of CSV files, one record at a time, so that files of any size fit.
//
// Format (RFC 4180, with a header that must match):
//   file    = header record*
//   record  = field *("," field) (LF | CR LF)
//   field   = plain text without comma or quote | '"' text with "" for a quote '"'
// A quoted field does not span lines. Empty lines are skipped. The header names every column, in the expected
// order.
#ifndef CREDIT_RISK_CSV_H_
#define CREDIT_RISK_CSV_H_

#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "error.h"

namespace credit {

class CsvReader {
 public:
  // Opens `path` and checks its header against `columns`, whose texts must outlive the reader.
  static Result<CsvReader> open(const std::string& path, std::span<const std::string_view> columns);

  // Moves to the next record. False at the end of the file.
  Result<bool> next();

  // The text of a column of the present record; never empty. Columns are numbered as in `columns`.
  Result<std::string_view> text(std::size_t column) const;
  // A column as a finite decimal number.
  Result<double> number(std::size_t column) const;
  // A column as a decimal number of at least `least`.
  Result<double> number_at_least(std::size_t column, double least) const;

  // An error at the present line.
  Error error(std::string fault, std::string remedy) const;

  const std::string& path() const { return path_; }

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  CsvReader(const std::string& path, std::span<const std::string_view> columns)
      : path_(path), columns_(columns) {}

  // Reads a line without its end into `line_`. False at the end of the file.
  Result<bool> read_line();
  // Splits `line_` into `fields_`.
  Result<void> split();
  std::string column_name(std::size_t column) const { return std::string(columns_[column]); }

  std::string path_;
  std::span<const std::string_view> columns_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::size_t line_number_ = 0;
  std::string line_;
  std::vector<std::string> fields_;
};

}  // namespace credit

#endif  // CREDIT_RISK_CSV_H_
