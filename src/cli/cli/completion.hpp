#pragma once
// Completion scripts from the grammar's tree. Names of sandboxes and templates are asked from the server when a word is
// completed (`berth ls --json`); without a server there are none. Pure.

#include <string>

#include "cli/grammar.hpp"

namespace berth::cli {

[[nodiscard]] std::string completion_script(const std::string& shell, const VerbNode& root);  // "bash", "zsh", "fish"

}  // namespace berth::cli
