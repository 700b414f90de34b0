#pragma once
// The record of what was done, as a chain: each row's hash covers the hash of the row before, so a row that is changed, moved or
// taken out of the middle is noticed by whoever computes the chain again; who knows the newest hash notices that the end is missing.
//
// A row's hash is SHA-256, in hex, of: the hash before ("" at the beginning), seq and time in decimal (nanoseconds since 1970),
// actor, key, action, subject, outcome and request, each as its length in decimal, ":", and its bytes.
//
// The chain has a limit: beyond it its oldest rows go, a whole segment at a time. A record of that, "audit.trimmed", stands in the
// chain, with the range that went ("1-10000") and, as its outcome, the hash of the last of it: what remains begins with a row whose
// hash covers that one, so it is proved as before. The setting `audit.trimmed` has that record's seq.
//
// In a store's unit of work, on its thread. Errors: what the store's own calls say.
//
// Example (store::Unit& unit, WallTime now):
//   TRY(audit::append(unit, {.time = now, .actor = "ada", .key = "socket", .action = "session.closed", .subject = "ses_…", .request = ""}));
//   TRY_ASSIGN(const auto checked, audit::check(unit));
//   if (checked.broken) return fail(Code::Damaged, "A record was changed.");

#include <cstdint>
#include <optional>
#include <string>

#include "store/store.hpp"

namespace berth::audit {

struct Entry {
  WallTime time{};
  std::string actor, key, action, subject;
  std::string outcome = "ok";
  std::string request;
};

Result<> append(store::Unit& unit, Entry entry);

[[nodiscard]] std::string hash_of(const std::string& before, const store::AuditRow& row);

// Removes the oldest `segment` rows when there are more than `keep`, which is at least twice that many; false: nothing was to do.
Result<bool> trim(store::Unit& unit, std::uint64_t keep, std::uint64_t segment, WallTime now);

struct Checked {
  std::uint64_t first = 1;               // seq of the oldest that is kept
  std::uint64_t rows = 0;                // that hold, from that one on
  std::string last;                      // hash of the last of these
  std::optional<std::uint64_t> broken;   // seq of the first that does not hold, or is missing
};
// Reads all of them.
Result<Checked> check(store::Reader& reader);

}  // namespace berth::audit
