#pragma once
// Who changed what: a row for each accepted change, added in the unit of work of the change, never changed and never removed.
// The rows are a chain: audit/chain.hpp has what `hash` is of.
// Example (store::AuditReader& reader, store::AuditWriter& writer, store::AuditRow row):
//   TRY_ASSIGN(const auto last, reader.last_audit()); row.seq = last ? last->seq + 1 : 1; TRY(writer.append_audit(row));
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::store {

struct AuditRow {
  std::uint64_t seq = 0;     // 1, 2, 3, … without a gap
  WallTime time{};
  std::string actor;         // a user's name, or "local"
  std::string key;           // the key's id, or "socket"
  std::string action;        // noun and verb: "session.patched"
  std::string subject;       // the id of what was changed
  std::string outcome;       // "ok"
  std::string request;       // id of the request; "" when the server did it by itself
  std::string hash;          // hex
};

class AuditReader {
 public:
  virtual Result<std::optional<AuditRow>> last_audit() = 0;
  // Behind `after`, ascending; limit 1 to 1,000.
  virtual Result<std::vector<AuditRow>> audit(std::uint64_t after, std::uint32_t limit) = 0;

 protected:
  ~AuditReader() = default;
};

class AuditWriter {
 public:
  virtual Result<> append_audit(const AuditRow&) = 0;  // AlreadyExists: there is a row with this seq

 protected:
  ~AuditWriter() = default;
};

}  // namespace berth::store
