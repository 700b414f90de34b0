#include "audit/chain.hpp"

#include <utility>

#include "crypto/crypto.hpp"

namespace berth::audit {
namespace {

constexpr std::uint32_t rows_at_once = 1000;

void add(std::string& out, const std::string& field) { out.append(std::to_string(field.size())).append(":").append(field); }

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

Result<Checked> check(store::Reader& reader) {
  Checked out;
  for (;;) {
    TRY_ASSIGN(const auto rows, reader.audit(out.rows, rows_at_once));
    for (const auto& row : rows) {
      if (row.seq != out.rows + 1 || row.hash != hash_of(out.last, row)) {
        out.broken = out.rows + 1;
        return out;
      }
      ++out.rows;
      out.last = row.hash;
    }
    if (rows.size() < rows_at_once) return out;
  }
}

}  // namespace berth::audit
