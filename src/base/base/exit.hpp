#pragma once
// How a process ended: exited(code) or killed(signal), never one number for both.

#include <string>
#include <variant>

namespace berth {

struct Exited { int code = 0; bool operator==(const Exited&) const = default; };
struct Killed { int signal = 0; bool operator==(const Killed&) const = default; };
using Exit = std::variant<Exited, Killed>;

[[nodiscard]] Exit exit_from_wait_status(int status);
[[nodiscard]] int shell_code(const Exit& exit);           // 128 + signal when killed, as shells say it
[[nodiscard]] std::string to_string(const Exit& exit);    // "exited 7", "killed by signal 9"

}  // namespace berth
