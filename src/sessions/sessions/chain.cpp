#include "sessions/chain.hpp"

#include "document/patch.hpp"

namespace berth::sessions {
namespace {

// Wider than what is accepted: a stored document is not refused because a limit was lowered since.
constexpr document::Limits stored_limits{.bytes = 64 << 20, .depth = 200};

std::string associated(const store::RevisionRow& row) {
  return "session " + row.session.str() + ' ' + std::to_string(row.version) + ' ' + std::to_string(static_cast<int>(row.kind)) +
         ' ' + row.previous;
}

std::unexpected<Error> damaged(const char* why, const store::RevisionRow* row) {
  return pass({.code = Code::RecordDamaged,
               .message = "A record of this session fails its check; it is kept as it is.",
               .hint = "Restore a backup, or go on from an older version.",
               .operation = why,
               .subject = row ? row->session.str() + " version " + std::to_string(row->version) : ""});
}

Result<document::Value> apply(document::Value value, char form, const document::Value& given) {
  switch (static_cast<LinkContent::Form>(form)) {
    case LinkContent::Form::Document: return given;
    case LinkContent::Form::Patch: return document::apply_patch(std::move(value), given, stored_limits);
    case LinkContent::Form::MergePatch: return document::apply_merge_patch(std::move(value), given);
  }
  return fail(Code::RecordDamaged, "A record of this session has an unknown form.");
}

Link link_of(store::RevisionRow row, Vault::Box box) {
  row.sealed = std::move(box).seal(associated(row));
  row.bytes = row.sealed.size();
  std::string tag = Vault::tag(row.sealed);
  return {std::move(row), std::move(tag)};
}

}  // namespace

Link make_link(const Vault& vault, store::RevisionRow row, const LinkContent& content) {
  Vault::Box box = vault.box(1 + content.bytes.size());
  (box.text() += static_cast<char>(content.form)) += content.bytes;
  return link_of(std::move(row), std::move(box));
}

WholeContent::WholeContent(const Vault& vault, const document::Value& value, std::size_t about) : box_(vault.box(1 + about)) {
  box_.text() += static_cast<char>(LinkContent::Form::Document);
  document::append_canonical(box_.text(), value);
}

WholeContent::WholeContent(const Vault& vault, std::string_view canonical) : box_(vault.box(1 + canonical.size())) {
  (box_.text() += static_cast<char>(LinkContent::Form::Document)) += canonical;
}

Link WholeContent::link(store::RevisionRow row) && { return link_of(std::move(row), std::move(box_)); }

Result<Chain> read_chain(const Vault& vault, const std::vector<store::RevisionRow>& rows, std::uint64_t version) {
  if (rows.empty() || rows.back().version != version) return damaged("a version is missing", rows.empty() ? nullptr : &rows.back());
  Chain chain;
  for (const auto& row : rows) {
    const bool first = &row == &rows.front();
    const bool follows = row.version == (first ? row.version : rows[static_cast<std::size_t>(&row - rows.data()) - 1].version + 1);
    if (!follows || first == (row.kind == store::RevisionKind::Change) || (!first && row.previous != chain.tag))
      return damaged("a link does not follow", &row);
    TRY_ASSIGN(const auto plain, vault.open(associated(row), row.sealed));
    if (plain.empty()) return damaged("a record is empty", &row);
    auto given = document::parse(std::string_view(plain).substr(1), stored_limits);
    if (!given) return damaged("a record is no JSON", &row);
    auto value = apply(std::move(chain.value), plain.front(), *given);
    if (!value) return damaged("a change does not apply", &row);
    chain.value = *std::move(value);
    chain.tag = row.kind == store::RevisionKind::Checkpoint ? row.previous : Vault::tag(row.sealed);
    if (!first) ++chain.changes;
  }
  return chain;
}

}  // namespace berth::sessions
