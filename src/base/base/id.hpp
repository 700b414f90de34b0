#pragma once
// Ids are a prefix and 26 characters of lower-case base32 (RFC 4648 without i l o u confusion: Crockford's alphabet),
// 128 random bits and 2 bits of padding: "sbx_4k6q…". Distinct ids are distinct types; a parsed id is well formed.
//
// Example:
//   TRY_ASSIGN(const auto id, SandboxId::parse("sbx_0123456789abcdefghjkmnpqrs"));
//   const std::string& text = id.str();

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth {

// 16 random bytes in, 26 characters out. Randomness comes from crypto; base does none itself.
[[nodiscard]] std::string encode_id_bits(std::span<const std::byte, 16> bits);
[[nodiscard]] bool is_id_bits(std::string_view text);

template <class Tag>
class Id {
 public:
  Id() = default;
  static Id from_bits(std::span<const std::byte, 16> bits) { return Id{std::string(Tag::prefix) + encode_id_bits(bits)}; }
  static Result<Id> parse(std::string_view text) {
    if (!looks_like(text)) return fail(Code::NotFound, std::string("This is not a ") + Tag::noun + " id.");
    return Id{std::string(text)};
  }
  [[nodiscard]] static bool looks_like(std::string_view text) {
    return text.starts_with(Tag::prefix) && is_id_bits(text.substr(std::string_view(Tag::prefix).size()));
  }
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct SandboxTag { static constexpr const char* prefix = "sbx_"; static constexpr const char* noun = "sandbox"; };
struct TerminalTag { static constexpr const char* prefix = "trm_"; static constexpr const char* noun = "terminal"; };
struct SessionTag { static constexpr const char* prefix = "ses_"; static constexpr const char* noun = "session"; };
struct KeyTag { static constexpr const char* prefix = "key_"; static constexpr const char* noun = "key"; };
struct JobTag { static constexpr const char* prefix = "job_"; static constexpr const char* noun = "job"; };
struct SnapshotTag { static constexpr const char* prefix = "snp_"; static constexpr const char* noun = "snapshot"; };
struct AccessTag { static constexpr const char* prefix = "acc_"; static constexpr const char* noun = "access token"; };
using SandboxId = Id<SandboxTag>;
using TerminalId = Id<TerminalTag>;
using SessionId = Id<SessionTag>;
using KeyId = Id<KeyTag>;
using JobId = Id<JobTag>;
using SnapshotId = Id<SnapshotTag>;
using AccessId = Id<AccessTag>;

}  // namespace berth

template <class Tag>
struct std::hash<berth::Id<Tag>> {
  std::size_t operator()(const berth::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
