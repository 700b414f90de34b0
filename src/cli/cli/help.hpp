#pragma once
// Pages made from the grammar's tree: `--help`, docs/cli.md and berth(1). Pure.

#include <string>
#include <vector>

#include "cli/grammar.hpp"

namespace berth::cli {

// `path` is "berth server start"; `global` are the options that every verb has.
[[nodiscard]] std::string help_page(const VerbNode& verb, const std::string& path,
                                    const std::vector<OptionNode>& global);
[[nodiscard]] std::string reference_markdown(const VerbNode& root);  // docs/cli.md
[[nodiscard]] std::string reference_man(const VerbNode& root);       // berth.1, roff man macros
[[nodiscard]] std::string settings_man();                            // berth-config.5, from config's schema

// "berth run [OPTIONS] [-- COMMAND…]"
[[nodiscard]] std::string usage_line(const VerbNode& verb, const std::string& path);
// "-e, --env NAME=VALUE"
[[nodiscard]] std::string option_text(const OptionNode& option);

}  // namespace berth::cli
