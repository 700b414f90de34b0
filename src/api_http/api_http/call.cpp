#include "api_http/call.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "api_http/encoding.hpp"
#include "base/check.hpp"
#include "base/time.hpp"

namespace berth::api_http {

namespace {

template <class F>
Result<> for_each_part(std::string_view text, char separator, F take) {
  for (;;) {
    const auto end = text.find(separator);
    TRY(take(text.substr(0, end)));
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

std::unexpected<Error> broken() { return fail(Code::InvalidArgument, "The address of the request is not well formed."); }

std::unexpected<Error> wrong_parameter(std::string_view name, std::string_view rule) {
  return fail(Code::InvalidArgument, fmt::format("The parameter \"{}\" {}.", name, rule));
}

std::optional<std::uint64_t> digits(const std::string& text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (text.size() > max_target_bytes) return fail(Code::InvalidArgument, "The address of the request is too long.");
  if (!text.starts_with('/')) return broken();
  Target target;
  const auto question = text.find('?');
  TRY(for_each_part(text.substr(1, question == std::string_view::npos ? question : question - 1), '/',
                    [&](std::string_view part) -> Result<> {
                      auto decoded = percent_decode(part, Plus::Literal);
                      if (!decoded || target.path.size() == max_segments) return broken();
                      target.path.push_back(*std::move(decoded));
                      return {};
                    }));
  if (question == std::string_view::npos || question + 1 == text.size()) return target;
  TRY(for_each_part(text.substr(question + 1), '&', [&](std::string_view part) -> Result<> {
    const auto equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), Plus::Space);
    auto value = percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1), Plus::Space);
    if (!name || !value || name->empty() || target.query.size() == max_parameters) return broken();
    target.query.emplace_back(*std::move(name), *std::move(value));
    return {};
  }));
  return target;
}

std::optional<sessions::PatchForm> patch_form(const Headers& headers) {
  std::string_view type = find_header(headers, "Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (equal_ignoring_case(type, "application/json-patch+json")) return sessions::PatchForm::JsonPatch;
  if (equal_ignoring_case(type, "application/merge-patch+json")) return sessions::PatchForm::MergePatch;
  return std::nullopt;
}

std::string Call::part(std::string_view placeholder) const {
  const auto found = std::ranges::find(path, placeholder, &std::pair<std::string_view, std::string>::first);
  BERTH_CHECK(found != path.end());
  return found->second;
}

control::TerminalTarget Call::terminal() const { return control::TerminalTarget::named(part("terminal")); }

Result<std::optional<std::uint64_t>> Call::command_number() const {
  const std::string text = part("number");
  if (text == "last") return std::nullopt;
  const auto number = digits(text, 10);
  if (!number || *number > std::numeric_limits<std::int64_t>::max())
    return fail(Code::InvalidArgument, "A command is named by its number, or \"last\".");
  return number;
}

Result<JobId> Call::job() const { return JobId::parse(part("job")); }

Result<SessionId> Call::session() const { return SessionId::parse(part("session")); }

Result<SnapshotId> Call::snapshot() const { return SnapshotId::parse(part("snapshot")); }

std::optional<std::string> Call::text(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

Result<std::string> Call::required_text(std::string_view name) const {
  auto value = text(name);
  if (!value || value->empty()) return wrong_parameter(name, "is missing");
  return *std::move(value);
}

Result<std::optional<std::uint64_t>> Call::number(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto parsed = digits(*value, 10);
  if (!parsed) return wrong_parameter(name, "must be a whole number");
  return parsed;
}

Result<bool> Call::flag(std::string_view name) const {
  const auto value = text(name);
  if (!value || *value == "false") return false;
  if (value->empty() || *value == "true") return true;
  return wrong_parameter(name, "must be true or false");
}

Result<std::optional<bool>> Call::choice(std::string_view name) const {
  if (!text(name)) return std::nullopt;
  TRY_ASSIGN(const bool value, flag(name));
  return value;
}

Result<std::uint32_t> Call::small(std::string_view name, std::uint32_t absent) const {
  TRY_ASSIGN(const auto value, number(name));
  if (value && *value > std::numeric_limits<std::uint32_t>::max()) return wrong_parameter(name, "is too large");
  return static_cast<std::uint32_t>(value.value_or(absent));
}

Result<std::uint32_t> Call::mode(std::string_view name) const {
  const auto value = text(name);
  if (!value) return 0u;
  const auto parsed = digits(*value, 8);
  if (!parsed || *parsed > 07777) return wrong_parameter(name, "must be octal permission bits such as 0644");
  return static_cast<std::uint32_t>(*parsed);
}

Result<std::optional<std::string>> Call::header(std::string_view name) const {
  if (headers == nullptr || count_header(*headers, name) == 0) return std::nullopt;
  if (const auto value = find_header(*headers, name)) return std::string(*value);
  return fail(Code::InvalidArgument, fmt::format("The header \"{}\" comes twice.", name));
}

Result<store::PageRequest> Call::page() const {
  store::PageRequest page{.after = text("after").value_or("")};
  TRY_ASSIGN(const auto limit, number("limit"));
  if (limit && (*limit == 0 || *limit > 1000)) return wrong_parameter("limit", "must be a whole number from 1 to 1000");
  if (limit) page.limit = static_cast<std::uint32_t>(*limit);
  return page;
}

Result<std::optional<WallTime>> Call::time(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto parsed = parse_time(*value);
  if (!parsed) return wrong_parameter(name, "must be a time as 2026-01-31T12:00:00Z");
  return parsed;
}

Result<std::string> Call::client() const {
  TRY_ASSIGN(auto value, header("X-Berth-Client"));
  return value.value_or("");
}

Result<std::string> Call::once() const {
  TRY_ASSIGN(auto key, header("Idempotency-Key"));
  if (key && key->size() > 200) return fail(Code::InvalidArgument, "The Idempotency-Key is longer than 200 characters.");
  return key.value_or("");
}

Result<std::string> Call::token() const {
  TRY_ASSIGN(auto value, header("X-Berth-Token"));
  return value.value_or("");
}

}  // namespace berth::api_http
