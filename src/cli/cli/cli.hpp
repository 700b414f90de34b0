#pragma once
// The command line, whole: words in, exit code out. `berth: sentence` and `hint: …` go to stderr, results to stdout.
//
// Blocks until done, on the calling thread, which must be the only one. Exceptions do not leave it.

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace berth::cli {

// `words` without the program's name; `environment` as "NAME=value".
int main(const std::vector<std::string>& words, const std::vector<std::string>& environment,
         const Dependencies& dependencies);

}  // namespace berth::cli
