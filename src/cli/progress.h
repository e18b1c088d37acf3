// The bar that shows how far compilation is, on a terminal; elsewhere nothing is printed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "twine/twine.hpp"

namespace twine::cli {

//   compiling app.wasm  [##############----------]  58 %
//
// It appears only when the work takes longer than a moment, and is wiped away at the end.
class ProgressBar {
 public:
  explicit ProgressBar(std::string name);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  // Lets compilation with these options report here. The bar must outlive it.
  void attach(api::CompileOptions& options);

 private:
  void update(uint64_t done, uint64_t total);

  std::string name_;
  bool terminal_;
  bool drawn_ = false;
  int last_percent_ = -1;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace twine::cli
