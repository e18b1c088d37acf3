#include "csv.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace credit {

std::string Error::to_string() const {
  std::string text = file;
  if (line != 0) text += ":" + std::to_string(line);
  if (!text.empty()) text += ": ";
  return text + fault + "; " + remedy;
}

Result<CsvReader> CsvReader::open(const std::string& path, std::span<const std::string_view> columns) {
  CsvReader reader(path, columns);
  reader.file_.reset(std::fopen(path.c_str(), "rb"));
  if (!reader.file_) {
    return std::unexpected(
        Error{path, 0, std::string("cannot be opened: ") + std::strerror(errno),
              "give the path of a readable file, beneath a directory that the program was given"});
  }

  std::string expected;
  for (std::string_view column : columns) expected += (expected.empty() ? "" : ",") + std::string(column);
  CREDIT_TRY(const bool any, reader.read_line());
  if (!any || reader.line_ != expected) {
    return std::unexpected(Error{path, 1,
                                 any ? "the header is \"" + reader.line_ + "\"" : "the file is empty",
                                 "make the first line \"" + expected + "\""});
  }
  return reader;
}

Result<bool> CsvReader::next() {
  do {
    CREDIT_TRY(const bool any, read_line());
    if (!any) return false;
  } while (line_.empty());
  if (auto done = split(); !done) return std::unexpected(std::move(done).error());
  if (fields_.size() != columns_.size()) {
    return std::unexpected(
        error("the record has " + std::to_string(fields_.size()) + " fields",
              "write the " + std::to_string(columns_.size()) + " fields that the header names"));
  }
  return true;
}

Result<bool> CsvReader::read_line() {
  line_.clear();
  int c = std::fgetc(file_.get());
  if (c == EOF && std::ferror(file_.get()) == 0) return false;
  ++line_number_;
  for (; c != EOF && c != '\n'; c = std::fgetc(file_.get())) line_.push_back(static_cast<char>(c));
  if (std::ferror(file_.get()) != 0) {
    return std::unexpected(
        error(std::string("reading failed: ") + std::strerror(errno), "check that it is a plain file"));
  }
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  return true;
}

Result<void> CsvReader::split() {
  fields_.clear();
  std::size_t at = 0;
  while (true) {
    std::string field;
    if (at < line_.size() && line_[at] == '"') {
      for (++at;; ++at) {
        if (at == line_.size()) {
          return std::unexpected(
              error("a quoted field does not end", "close it with a quote on the same line"));
        }
        if (line_[at] != '"') {
          field.push_back(line_[at]);
        } else if (at + 1 < line_.size() && line_[at + 1] == '"') {
          field.push_back(line_[at++]);
        } else {
          break;
        }
      }
      ++at;
      if (at < line_.size() && line_[at] != ',') {
        return std::unexpected(error("text follows a quoted field", "put a comma after the closing quote"));
      }
    } else {
      const std::size_t end = std::min(line_.find(',', at), line_.size());
      field = line_.substr(at, end - at);
      at = end;
    }
    fields_.push_back(std::move(field));
    if (at == line_.size()) return {};
    ++at;  // the comma
  }
}

Result<std::string_view> CsvReader::text(std::size_t column) const {
  if (fields_[column].empty()) return std::unexpected(error(column_name(column) + " is empty", "fill it in"));
  return std::string_view(fields_[column]);
}

Result<double> CsvReader::number(std::size_t column) const {
  const std::string& field = fields_[column];
  // strtod alone would also take white space, hexadecimal, infinities and NaN.
  const bool decimal = !field.empty() && field.find_first_not_of("+-.0123456789eE") == std::string::npos;
  char* end = nullptr;
  const double value = decimal ? std::strtod(field.c_str(), &end) : 0;
  if (!decimal || end != field.c_str() + field.size() || !std::isfinite(value)) {
    return std::unexpected(
        error(column_name(column) + " is \"" + field + "\"", "write a number, such as 12500.50"));
  }
  return value;
}

Result<double> CsvReader::number_at_least(std::size_t column, double least) const {
  CREDIT_TRY(const double value, number(column));
  if (value < least) {
    char bound[32];
    std::snprintf(bound, sizeof bound, "%g", least);
    return std::unexpected(error(column_name(column) + " is " + fields_[column],
                                 std::string("write a number of at least ") + bound));
  }
  return value;
}

Error CsvReader::error(std::string fault, std::string remedy) const {
  return Error{path_, line_number_, std::move(fault), std::move(remedy)};
}

}  // namespace credit
