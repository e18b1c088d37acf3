// `--stats`: what a launch cost, as a table or as JSON.
#pragma once

#include <string>

#include "twine/twine.h"

namespace twine::cli {

std::string statistics_table(const twine_statistics& statistics);

// One object on one line; the keys are twine_statistics' members, without its size.
std::string statistics_json(const twine_statistics& statistics);

}  // namespace twine::cli
