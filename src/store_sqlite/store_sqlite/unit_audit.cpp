#include "store_sqlite/queries.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

#define COLUMNS "seq, time, actor, key, action, subject, outcome, request, hash"

namespace berth::store_sqlite {
namespace {

constexpr std::uint32_t most_rows = 1000;

constexpr Query audit_last{"audit_last", "SELECT " COLUMNS " FROM audit ORDER BY seq DESC LIMIT 1"};
constexpr Query audit_page{"audit_page", "SELECT " COLUMNS " FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2"};
constexpr Query audit_insert{"audit_insert", "INSERT INTO audit (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"};

Result<store::AuditRow> read_audit(const Statement& s) {
  return store::AuditRow{.seq = static_cast<std::uint64_t>(s.integer(0)), .time = time_at(s.integer(1)), .actor = s.text(2),
                         .key = s.text(3), .action = s.text(4), .subject = s.text(5), .outcome = s.text(6), .request = s.text(7),
                         .hash = s.text(8)};
}

}  // namespace

Result<std::optional<store::AuditRow>> SqlUnit::last_audit() {
  TRY_ASSIGN(auto statement, connection_.prepare(audit_last));
  TRY_ASSIGN(const bool found, statement.bind().step());
  if (!found) return std::nullopt;
  TRY_ASSIGN(auto row, read_audit(statement));
  return row;
}

Result<std::vector<store::AuditRow>> SqlUnit::audit(std::uint64_t after, std::uint32_t limit) {
  TRY(check_limit(limit, most_rows));
  TRY_ASSIGN(auto statement, connection_.prepare(audit_page));
  return read_all(statement.bind(as_signed(after), std::int64_t{limit}), read_audit);
}

Result<> SqlUnit::append_audit(const store::AuditRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(audit_insert));
  return statement
      .bind(as_signed(row.seq), nanoseconds(row.time), row.actor, row.key, row.action, row.subject, row.outcome, row.request, row.hash)
      .run();
}

}  // namespace berth::store_sqlite
