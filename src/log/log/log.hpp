#pragma once
// Records for people and machines: one line each, whatever the values hold. Control characters are escaped, so that no
// input can forge or split a record; a field cannot hold a type that this header does not know, so that a secret in a
// record does not compile.
//
// A Logger is a small value: copy it, pass it by value, give a copy more context with with(). All copies share the
// sinks. A default-made Logger writes nowhere. Every function may be called from any thread and never throws; a record
// that could not be written is counted (statistics()), and the program goes on.
//
// Times in a record are UTC; durations are written in milliseconds, so their field names end in _ms. A string over
// max_value_bytes is cut and marked.
//
// Example (const std::filesystem::path& home, const SandboxId& id, std::chrono::milliseconds took):
//   TRY_ASSIGN(const auto root, log::Logger::open({.level = log::parse_level("info"), .file = home / "server.log"}));
//   const auto log = root.with_request("req_1");
//   log.info("sandbox started", {{"sandbox", id}, {"took_ms", took}});
//   log.error("no template", {{"error", Error{.code = Code::NotFound}}});

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/result.hpp"

namespace berth::log {

enum class Level { Debug, Info, Warning, Error };
enum class Format { Text, Json };

inline constexpr std::size_t max_value_bytes = 8192;

[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] Level parse_level(std::string_view text);  // an unknown one becomes Info and is counted

namespace detail {
template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id<Tag>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;
}  // namespace detail

// The whole list of what can be in a record. Anything else, and crypto::Secret above all, is refused at compile time.
template <class T, class Bare = std::remove_cvref_t<T>>
concept Loggable = std::integral<Bare> || std::floating_point<Bare> || std::convertible_to<T, std::string_view> ||
                   detail::is_id<Bare> || detail::is_duration<Bare> || std::same_as<Bare, Error> ||
                   std::same_as<Bare, Code> || std::same_as<Bare, std::filesystem::path>;

// One name and one value. Holds views into its argument: it lives for one call.
class Field {
 public:
  using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view, std::string>;

  template <Loggable T>
  Field(std::string_view name, const T& value) : name_(name), value_(value_of(value)) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  template <class T>
  static Value value_of(const T& value) {
    if constexpr (std::same_as<T, bool>)
      return value;
    else if constexpr (std::signed_integral<T>)
      return static_cast<std::int64_t>(value);
    else if constexpr (std::integral<T>)
      return static_cast<std::uint64_t>(value);
    else if constexpr (std::floating_point<T>)
      return static_cast<double>(value);
    else if constexpr (std::convertible_to<T, std::string_view>)
      return std::string_view(value);
    else if constexpr (detail::is_id<T>)
      return std::string_view(value.str());
    else if constexpr (detail::is_duration<T>)
      return std::chrono::duration<double, std::milli>(value).count();
    else if constexpr (std::same_as<T, Error>)
      return value.describe();
    else if constexpr (std::same_as<T, Code>)
      return berth::to_string(value);
    else
      return std::string_view(value.native());
  }

  std::string_view name_;
  Value value_;
};

using Fields = std::initializer_list<Field>;

struct Options {
  Level level = Level::Info;
  std::filesystem::path file;               // JSON lines; empty: none. 0600 from creation
  std::uint64_t file_bytes = 16ull << 20;   // a file over this is set aside as <file>.1, .2, …
  std::uint64_t total_bytes = 64ull << 20;  // of all of them; the oldest go first
  bool to_stderr = true;
  Format stderr_format = Format::Text;
  const Clock* clock = nullptr;  // outlives the loggers; the system's when absent
};

struct Statistics {
  std::uint64_t records = 0;
  std::uint64_t failed = 0;  // could not be written to some sink
  std::uint64_t rotations = 0;
  std::uint64_t unknown_levels = 0;  // of the process
};

class Core;

class Logger {
 public:
  Logger() = default;
  static Result<Logger> open(Options options);

  [[nodiscard]] Logger with(Fields fields) const;
  [[nodiscard]] Logger with_request(std::string_view request_id) const;

  void debug(std::string_view message, Fields fields = {}) const { write(Level::Debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(Level::Info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) const { write(Level::Warning, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(Level::Error, message, fields); }

  void write(Level level, std::string_view message, Fields fields = {}) const;
  [[nodiscard]] bool enabled(Level level) const;
  void flush() const;
  [[nodiscard]] Statistics statistics() const;

 private:
  std::shared_ptr<Core> core_;
  std::string json_context_;  // rendered once
  std::string text_context_;
};

}  // namespace berth::log
