#pragma once
// What a request may hold, as pure checks. Each failure is InvalidArgument or TooLarge and names the field, never its value.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "control/actions.hpp"
#include "sandboxes/sandboxes.hpp"

namespace berth::control {

inline constexpr std::size_t max_arguments = 4096;
inline constexpr std::size_t max_argument_bytes = 128 << 10;     // of all together; one frame must hold them
inline constexpr std::size_t max_variables = 512;
inline constexpr std::size_t max_environment_bytes = 128 << 10;
inline constexpr std::size_t max_path_bytes = 4095;
inline constexpr std::size_t max_input_bytes = 16 << 20;         // of one exec or one input call
inline constexpr std::size_t max_filter_text = 4096;
inline constexpr std::uint32_t max_context = 100;                // lines around a match
inline constexpr std::size_t max_keys = 1024;                     // of one call
inline constexpr int max_signal = 64;
inline constexpr std::uint16_t max_cells = 1000;                 // columns, and rows

[[nodiscard]] Result<> check_argv(const std::vector<std::string>& argv);  // empty is fine
[[nodiscard]] Result<> check_environment(const std::map<std::string, std::string>& env);
[[nodiscard]] Result<> check_path(std::string_view path);                 // of a file: absolute, or relative to the home
[[nodiscard]] Result<> check_directory(std::string_view path);            // "" is fine; else absolute
[[nodiscard]] Result<> check_size(TerminalSize size);
[[nodiscard]] Result<> check_signal(int signal);
[[nodiscard]] Result<> check_input(std::string_view input);
[[nodiscard]] Result<> check_keys(const std::vector<std::string>& keys);  // known names
[[nodiscard]] Result<> check_until(const WaitUntil& until);               // exactly one; the pattern compiles later
[[nodiscard]] Result<> check_terminal_name(std::string_view name);
[[nodiscard]] Result<> check_grep(const Grep& grep, std::uint32_t most_matches);  // the pattern compiles later
[[nodiscard]] Result<> check_filter(const store::CommandFilter& filter);
[[nodiscard]] Result<> check_time(std::chrono::milliseconds time, std::chrono::milliseconds least, std::chrono::milliseconds most,
                                  std::string_view what);
[[nodiscard]] Result<> check_page(const store::PageRequest& page, std::uint32_t most);
[[nodiscard]] Result<> check_template_name(std::string_view name);

struct HostLimits {
  std::uint64_t memory_bytes = 0;
  std::uint32_t cpu_millis = 0;
  std::uint32_t open_files = 0;  // 0: not known
};
// Absent or 0 is the default; what the machine does not have is refused.
[[nodiscard]] Result<sandboxes::Limits> resolve_limits(const ResourceLimits& wanted, const sandboxes::Limits& defaults,
                                                       const HostLimits& host);

}  // namespace berth::control
