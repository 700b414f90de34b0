#include "control/validate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sandboxes/name.hpp"
#include "vt/keys.hpp"

namespace berth::control {
namespace {

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

template <class T>
Result<T> choose(const std::optional<T>& wanted, T initial, T least, T most, std::string_view what) {
  const T value = wanted && *wanted != 0 ? *wanted : initial;
  if (wanted && *wanted != 0 && (value < least || value > most))
    return fail(Code::InvalidArgument, fmt::format("The limit {} must be from {} to {} here.", what, least, most));
  return value;
}

}  // namespace

Result<> check_argv(const std::vector<std::string>& argv) {
  if (argv.size() > max_arguments)
    return fail(Code::TooLarge, fmt::format("There are {} arguments; the limit is {}.", argv.size(), max_arguments));
  std::size_t bytes = 0;
  for (const auto& argument : argv) {
    if (has_nul(argument)) return fail(Code::InvalidArgument, "An argument has a NUL byte.");
    bytes += argument.size() + 1;
  }
  if (bytes > max_argument_bytes)
    return fail(Code::TooLarge, fmt::format("The arguments have {} bytes; the limit is {}.", bytes, max_argument_bytes));
  if (!argv.empty() && argv.front().empty()) return fail(Code::InvalidArgument, "The program's name is empty.");
  return {};
}

Result<> check_environment(const std::map<std::string, std::string>& env) {
  if (env.size() > max_variables)
    return fail(Code::TooLarge, fmt::format("There are {} variables in env; the limit is {}.", env.size(), max_variables));
  std::size_t bytes = 0;
  for (const auto& [name, value] : env) {
    if (!is_variable_name(name))
      return fail(Code::InvalidArgument, "A name in env is not one of letters, digits and '_'.");
    if (has_nul(value)) return fail(Code::InvalidArgument, "A value in env has a NUL byte.");
    bytes += name.size() + value.size() + 2;
  }
  if (bytes > max_environment_bytes)
    return fail(Code::TooLarge, fmt::format("env has {} bytes; the limit is {}.", bytes, max_environment_bytes));
  return {};
}

Result<> check_path(std::string_view path) {
  if (path.empty()) return fail(Code::InvalidArgument, "The path is empty.");
  if (path.size() > max_path_bytes)
    return fail(Code::TooLarge, fmt::format("The path has {} bytes; the limit is {}.", path.size(), max_path_bytes));
  if (has_nul(path)) return fail(Code::InvalidArgument, "The path has a NUL byte.");
  return {};
}

Result<> check_directory(std::string_view path) {
  if (path.empty()) return {};
  if (!path.starts_with('/')) return fail(Code::InvalidArgument, "The working directory is not an absolute path.");
  return check_path(path);
}

Result<> check_size(TerminalSize size) {
  if (size.cols < 1 || size.cols > max_cells || size.rows < 1 || size.rows > max_cells)
    return fail(Code::InvalidArgument, fmt::format("Columns and rows must be from 1 to {}.", max_cells), "A usual size is 80 columns and 24 rows.");
  return {};
}

Result<> check_signal(int signal) {
  if (signal < 1 || signal > max_signal)
    return fail(Code::InvalidArgument, fmt::format("The signal must be from 1 to {}.", max_signal));
  return {};
}

Result<> check_input(std::string_view input) {
  if (input.size() > max_input_bytes)
    return fail(Code::TooLarge, fmt::format("The input has {} bytes; the limit is {}.", input.size(), max_input_bytes));
  return {};
}

Result<> check_keys(const std::vector<std::string>& keys) {
  if (keys.size() > max_keys) return fail(Code::TooLarge, fmt::format("There are {} keys; the limit is {}.", keys.size(), max_keys));
  for (const auto& key : keys) TRY(vt::encode_key(key));
  return {};
}

Result<> check_until(const WaitUntil& until) {
  const int asked = int{until.pattern.has_value()} + int{until.idle.has_value()} + int{until.command_end} + int{until.exit};
  if (asked != 1)
    return fail(Code::InvalidArgument, "\"until\" must hold exactly one of pattern, idle_ms, command_end and exit.");
  if (until.pattern && until.pattern->empty()) return fail(Code::InvalidArgument, "\"until.pattern\" is empty.");
  if (until.idle) return check_time(*until.idle, std::chrono::milliseconds{1}, std::chrono::hours{1}, "idle_ms");
  return {};
}

Result<> check_terminal_name(std::string_view name) {
  if (sandboxes::check_name(name)) return {};
  return fail(Code::InvalidArgument, "This is not a name for a terminal.",
              "A name has 1 to 63 of a-z, 0-9 and '-', and begins with a letter or digit.");
}

Result<> check_grep(const Grep& grep, std::uint32_t most_matches) {
  if (grep.pattern.empty()) return fail(Code::InvalidArgument, "The pattern is empty.");
  if (grep.limit < 1 || grep.limit > most_matches)
    return fail(Code::InvalidArgument, fmt::format("The limit must be from 1 to {} matches.", most_matches));
  if (std::max(grep.before, grep.after) > max_context)
    return fail(Code::InvalidArgument, fmt::format("At most {} lines of context are given.", max_context));
  return {};
}

Result<> check_filter(const store::CommandFilter& filter) {
  if (filter.cwd) {
    if (filter.cwd->empty()) return fail(Code::InvalidArgument, "The directory to look for is empty.");
    TRY(check_directory(*filter.cwd));
  }
  if (filter.text && (filter.text->empty() || filter.text->size() > max_filter_text))
    return fail(Code::InvalidArgument, fmt::format("The text to look for must have from 1 to {} bytes.", max_filter_text));
  return {};
}

Result<> check_time(std::chrono::milliseconds time, std::chrono::milliseconds least, std::chrono::milliseconds most,
                    std::string_view what) {
  if (time < least || time > most)
    return fail(Code::InvalidArgument, fmt::format("{} must be from {} to {} ms.", what, least.count(), most.count()));
  return {};
}

Result<> check_page(const store::PageRequest& page, std::uint32_t most) {
  if (page.limit < 1 || page.limit > most)
    return fail(Code::InvalidArgument, fmt::format("The limit of a page must be from 1 to {}.", most));
  return {};
}

Result<> check_template_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 64 || name.front() == '.' || !std::ranges::all_of(name, plain))
    return fail(Code::NotFound, "There is no such template.", "\"berth template ls\" lists them.");
  return {};
}

Result<sandboxes::Limits> resolve_limits(const ResourceLimits& wanted, const sandboxes::Limits& defaults,
                                         const HostLimits& host) {
  constexpr std::uint64_t least_memory = 16 << 20;
  constexpr std::uint32_t most_processes = 4'000'000, most_files = 1'048'576;
  sandboxes::Limits limits;
  TRY_ASSIGN(limits.memory_bytes, choose(wanted.memory_bytes, defaults.memory_bytes, least_memory,
                                         std::max(host.memory_bytes, least_memory), "memory_bytes"));
  TRY_ASSIGN(limits.cpu_millis, choose(wanted.cpu_millis, defaults.cpu_millis, 10u, std::max(host.cpu_millis, 10u), "cpu_millis"));
  TRY_ASSIGN(limits.processes, choose(wanted.processes, defaults.processes, 4u, most_processes, "processes"));
  const std::uint32_t files = host.open_files > 0 ? std::min(host.open_files, most_files) : most_files;
  TRY_ASSIGN(limits.open_files, choose(wanted.open_files, std::min(defaults.open_files, files), 64u, files, "open_files"));
  return limits;
}

}  // namespace berth::control
