// The command line that the runners of the test suite share: runs each FILE.json, prints a line a file, every
// failure, and the total.
#pragma once

#include <functional>

#include "common/manifest.h"
#include "common/result.h"
#include "conformance/wast_script.h"

namespace twine::conformance {

// Carries out a script's launch, somewhere.
using Execute = std::function<Result<LaunchResult>(const WastScript&)>;

// argv: [-O LEVEL] [--cpu LEVEL] FILE.json… Returns the exit status: 0 when everything passed.
int run_wast_files(int argc, char** argv, const Execute& execute);

}  // namespace twine::conformance
