#pragma once
// Words → values, and the same grammar as a tree from which help pages, shell completions, docs/cli.md and the man page
// are made: there is one place where a verb or an option is written down (cli/grammar_verbs.cpp).
//
// Pure. Errors are InvalidArgument with a sentence and, where one is near, what was probably meant.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "cli/verbs.hpp"

namespace berth::cli {

struct HelpText {
  std::string text;
};  // was asked for: goes to stdout, exit code 0

// `words` without the program's name. What stands after the first "--" is the command of run and exec, untouched.
[[nodiscard]] Result<std::variant<Invocation, HelpText>> parse(const std::vector<std::string>& words);

struct OptionNode {
  std::vector<std::string> names;  // "--memory", "-d"; for a positional its one name, "SANDBOX"
  std::string value;               // "SIZE"; "" is a flag
  std::string help;
  std::vector<std::string> choices;
  bool required = false, repeated = false;
};
struct VerbNode {
  std::string name, help, examples;  // examples: lines, may be empty
  std::string command;               // "-- COMMAND…", in brackets when it may be left out; "" takes none
  std::vector<OptionNode> options, positionals;
  std::vector<VerbNode> verbs;
};
[[nodiscard]] VerbNode grammar_tree();

}  // namespace berth::cli
