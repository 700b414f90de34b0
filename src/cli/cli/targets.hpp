#pragma once
// From what a person typed to the terminal that is meant.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>

#include "cli/context.hpp"

namespace berth::cli {

enum class Want { Running, Any };

// A terminal id, or sandbox/name; anything else names a sandbox.
[[nodiscard]] bool names_terminal(const std::string& target);

// What names a terminal is that terminal; anything else is a sandbox and its main one. Want::Running: the newest PTY that runs,
// else the newest that runs. Want::Any: the newest PTY, else the first terminal, so that a small exec hides nothing.
Result<boost::json::object> find_terminal(const Context& context, const std::string& target, Want want);
// Pure: the choice among a sandbox's terminals, oldest first as the API lists them; nullptr when none fits.
[[nodiscard]] const boost::json::object* choose_terminal(const boost::json::array& terminals, Want want);

// "/v1/sandboxes/NAME", encoded.
[[nodiscard]] std::string sandbox_path(const std::string& sandbox, const std::string& below = {});

}  // namespace berth::cli
