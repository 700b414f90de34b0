#pragma once
// From what a client asks for to what init starts, as data. Pure.

#include <map>
#include <string>
#include <string_view>

#include "control/actions.hpp"
#include "wire/init.pb.h"

namespace berth::control {

inline constexpr std::string_view workspace = "/workspace";

// Whether commands of the terminal are known from markers of its shell: a shell for a person, which init can integrate
// (bash, or the user's own when argv is empty). Any other program is one command itself.
[[nodiscard]] bool is_integrated_shell(const StartTerminal& wanted);

// The terminal's variables after the sandbox's: the last one counts.
[[nodiscard]] wire::StartProcess make_process(const store::TerminalRow& row, const std::map<std::string, std::string>& sandbox_env,
                                              const std::map<std::string, std::string>& env);

}  // namespace berth::control
