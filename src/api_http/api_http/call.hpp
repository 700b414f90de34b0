#pragma once
// What a request names, taken apart: path segments, query parameters, body. Readers are strict and name what is wrong.
// Private to api_http; pure functions of untrusted bytes.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api_http/http.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "control/terminal_verbs.hpp"
#include "sessions/sessions.hpp"
#include "store/store.hpp"

namespace berth::api_http {

struct Target {
  std::vector<std::string> path;                            // decoded segments: "/v1/a%20b" is {"v1", "a b"}
  std::vector<std::pair<std::string, std::string>> query;   // decoded, in order
};

inline constexpr std::size_t max_target_bytes = 8192;
inline constexpr std::size_t max_segments = 16;
inline constexpr std::size_t max_parameters = 32;

Result<Target> parse_target(std::string_view target);

// Which patch a body is, by its Content-Type; nothing when it does not say.
[[nodiscard]] std::optional<sessions::PatchForm> patch_form(const Headers& headers);

struct Call {
  std::vector<std::pair<std::string_view, std::string>> path;  // placeholder → value
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  std::shared_ptr<UniqueFd> stream{};                          // the body, of a route that takes it as it comes
  const Headers* headers = nullptr;                            // of the request; outlive the call

  [[nodiscard]] std::string part(std::string_view placeholder) const;
  [[nodiscard]] control::TerminalTarget terminal() const;                // of {terminal}: an id, or sandbox%2Fname
  [[nodiscard]] Result<std::optional<std::uint64_t>> command_number() const;  // of {number}; nothing is "last"
  [[nodiscard]] Result<JobId> job() const;                               // of {job}
  [[nodiscard]] Result<SessionId> session() const;                       // of {session}
  [[nodiscard]] Result<SnapshotId> snapshot() const;                     // of {snapshot}
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] Result<std::string> required_text(std::string_view name) const;
  [[nodiscard]] Result<std::optional<std::uint64_t>> number(std::string_view name) const;
  [[nodiscard]] Result<bool> flag(std::string_view name) const;          // true, false, or only the name; absent is false
  [[nodiscard]] Result<std::optional<bool>> choice(std::string_view name) const;  // the same; absent is neither
  [[nodiscard]] Result<std::uint32_t> small(std::string_view name, std::uint32_t absent) const;
  [[nodiscard]] Result<std::uint32_t> mode(std::string_view name) const; // octal permission bits; absent is 0
  [[nodiscard]] Result<std::optional<std::string>> header(std::string_view name) const;  // one that comes twice is refused
  [[nodiscard]] Result<store::PageRequest> page() const;                 // limit, after
  [[nodiscard]] Result<std::optional<WallTime>> time(std::string_view name) const;
  [[nodiscard]] Result<std::string> client() const;                      // X-Berth-Client; absent is ""
  [[nodiscard]] Result<std::string> once() const;                        // Idempotency-Key; absent is ""
  [[nodiscard]] Result<std::string> token() const;                       // X-Berth-Token: opens a snapshot; absent is ""
};

}  // namespace berth::api_http
