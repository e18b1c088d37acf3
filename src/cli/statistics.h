// `--stats`: what a launch cost, as a table or as JSON.
#pragma once

#include <string>

#include "twine/twine.h"

namespace twine::cli {

// `confinement` is twine_result_confinement's text.
std::string statistics_table(const twine_statistics& statistics, const char* confinement);

// One object on one line; the keys are twine_statistics' members without its size, and `confinement`.
std::string statistics_json(const twine_statistics& statistics, const char* confinement);

}  // namespace twine::cli
