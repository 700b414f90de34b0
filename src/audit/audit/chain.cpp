#include "audit/chain.hpp"

#include <charconv>
#include <utility>

#include "crypto/crypto.hpp"

namespace berth::audit {
namespace {

constexpr std::uint32_t rows_at_once = 1000;
constexpr std::string_view trimmed_action = "audit.trimmed", trimmed_setting = "audit.trimmed";

void add(std::string& out, const std::string& field) { out.append(std::to_string(field.size())).append(":").append(field); }

std::string trimmed_range(std::uint64_t upto) { return "1-" + std::to_string(upto); }

// Of the row before the first that is kept, as the chain itself tells it; nothing when it does not. `first` becomes that one's seq.
Result<std::optional<std::string>> hash_before(store::Reader& reader, std::uint64_t& first) {
  TRY_ASSIGN(const auto trimmed, reader.setting(std::string(trimmed_setting)));
  std::uint64_t seq = 0;
  if (trimmed) std::from_chars(trimmed->data(), trimmed->data() + trimmed->size(), seq);
  if (seq == 0) return std::string();
  TRY_ASSIGN(const auto rows, reader.audit(seq - 1, 1));
  TRY_ASSIGN(const auto oldest, reader.audit(0, 1));
  if (rows.empty() || oldest.empty()) return std::nullopt;
  first = oldest.front().seq;
  const auto& row = rows.front();
  if (row.seq != seq || row.action != trimmed_action || row.subject != trimmed_range(first - 1)) return std::nullopt;
  return row.outcome;
}

}  // namespace

std::string hash_of(const std::string& before, const store::AuditRow& row) {
  std::string covered;
  for (const auto& field : {before, std::to_string(row.seq), std::to_string(row.time.time_since_epoch().count()), row.actor, row.key,
                            row.action, row.subject, row.outcome, row.request})
    add(covered, field);
  return crypto::sha256_hex(covered);
}

Result<> append(store::Unit& unit, Entry entry) {
  TRY_ASSIGN(const auto last, unit.last_audit());
  store::AuditRow row{.seq = last ? last->seq + 1 : 1, .time = entry.time, .actor = std::move(entry.actor), .key = std::move(entry.key),
                      .action = std::move(entry.action), .subject = std::move(entry.subject), .outcome = std::move(entry.outcome),
                      .request = std::move(entry.request), .hash = {}};
  row.hash = hash_of(last ? last->hash : "", row);
  return unit.append_audit(row);
}

Result<bool> trim(store::Unit& unit, std::uint64_t keep, std::uint64_t segment, WallTime now) {
  TRY_ASSIGN(const auto oldest, unit.audit(0, 1));
  TRY_ASSIGN(const auto last, unit.last_audit());
  if (oldest.empty() || segment == 0 || keep < 2 * segment || last->seq - oldest.front().seq + 1 <= keep) return false;
  const std::uint64_t upto = oldest.front().seq + segment - 1;
  TRY_ASSIGN(const auto end, unit.audit(upto - 1, 1));
  if (end.empty() || end.front().seq != upto) return fail(Code::Damaged, "The record of what was done has a gap.");
  TRY(append(unit, {.time = now, .actor = "server", .action = std::string(trimmed_action), .subject = trimmed_range(upto), .outcome = end.front().hash}));
  TRY(unit.put_setting(std::string(trimmed_setting), std::to_string(last->seq + 1)));  // the rows go with it: the store sees to that
  return true;
}

Result<Checked> check(store::Reader& reader) {
  Checked out;
  TRY_ASSIGN(const auto before, hash_before(reader, out.first));
  if (!before) {
    out.broken = out.first;
    return out;
  }
  out.last = *before;
  for (;;) {
    TRY_ASSIGN(const auto rows, reader.audit(out.first + out.rows - 1, rows_at_once));
    for (const auto& row : rows) {
      if (row.seq != out.first + out.rows || row.hash != hash_of(out.last, row)) {
        out.broken = out.first + out.rows;
        return out;
      }
      ++out.rows;
      out.last = row.hash;
    }
    if (rows.size() < rows_at_once) return out;
  }
}

}  // namespace berth::audit
