// How snapshots, what opens them, and visits are written.

#include "api_http/answers.hpp"
#include "api_http/encoding.hpp"
#include "base/utf8.hpp"

namespace berth::api_http {

namespace {

json::value text(std::string_view value) { return json::string(to_utf8(value)); }
json::value time(WallTime value) { return text(rfc3339(value)); }
json::value time(const std::optional<WallTime>& value) { return value ? time(*value) : json::value(nullptr); }
json::value texts(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& value : values) out.emplace_back(text(value));
  return out;
}
constexpr std::string_view states[] = {"creating", "ready", "deleting", "damaged"};
constexpr std::string_view visibilities[] = {"owner", "link", "token"};

}  // namespace

template <>
const OutputType<store::SnapshotRow>& output_type() {
  using T = store::SnapshotRow;
  static const OutputType<T> type{"Snapshot", {
      {"id", schema::text(), "", [](const T& row) -> Written { return text(row.id.str()); }},
      {"owner", schema::text(), "", [](const T& row) -> Written { return text(row.owner); }},
      {"title", schema::text(), "", [](const T& row) -> Written { return text(row.title); }},
      {"description", schema::text(), "", [](const T& row) -> Written { return text(row.description); }},
      {"tags", schema::list_of(schema::text()), "", [](const T& row) -> Written { return texts(row.tags); }},
      {"state", schema::one_of({"creating", "ready", "damaged"}), "A damaged one is kept.",
       [](const T& row) -> Written { return text(states[static_cast<int>(row.state)]); }},
      {"visibility", schema::one_of({"owner", "link", "token"}), "Who may see it: its owner alone, whoever has the link, and a token.",
       [](const T& row) -> Written { return text(visibilities[static_cast<int>(row.visibility)]); }},
      {"session", schema::or_null(schema::text()), "That it is of.",
       [](const T& row) -> Written { return row.session.empty() ? json::value(nullptr) : text(row.session); }},
      {"version", schema::whole(), "Of the session's document.", [](const T& row) -> Written { return row.version; }},
      {"bytes", schema::whole(), "Of all parts.", [](const T& row) -> Written { return row.bytes; }},
      {"parts", schema::whole(), "", [](const T& row) -> Written { return row.parts; }},
      {"manifest", schema::text(), "SHA-256 of the list of its parts.", [](const T& row) -> Written { return text(row.manifest); }},
      {"created", schema::time(), "", [](const T& row) -> Written { return time(row.created); }},
  }};
  return type;
}

template <>
const OutputType<bundle::Part>& output_type() {
  using T = bundle::Part;
  static const OutputType<T> type{"Part", {
      {"name", schema::text(), "", [](const T& part) -> Written { return text(part.name); }},
      {"kind", schema::text(), "\"document\", \"log\", \"terminal\", \"commands\", \"recording\", …",
       [](const T& part) -> Written { return text(part.kind); }},
      {"bytes", schema::whole(), "", [](const T& part) -> Written { return part.bytes; }},
      {"sha256", schema::text(), "", [](const T& part) -> Written { return text(part.sha256); }},
  }};
  return type;
}

template <>
const OutputType<store::AccessRow>& output_type() {
  using T = store::AccessRow;
  static const OutputType<T> type{"Access", {
      {"id", schema::text(), "", [](const T& row) -> Written { return text(row.id.str()); }},
      {"label", schema::text(), "", [](const T& row) -> Written { return text(row.label); }},
      {"most_uses", schema::whole(), "0: any number.", [](const T& row) -> Written { return row.most_uses; }},
      {"uses", schema::whole(), "", [](const T& row) -> Written { return row.uses; }},
      {"created", schema::time(), "", [](const T& row) -> Written { return time(row.created); }},
      {"expires", schema::or_null(schema::time()), "", [](const T& row) -> Written { return time(row.expires); }},
      {"revoked", schema::or_null(schema::time()), "", [](const T& row) -> Written { return time(row.revoked); }},
      {"used", schema::or_null(schema::time()), "The last time.", [](const T& row) -> Written { return time(row.used); }},
  }};
  return type;
}

template <>
const OutputType<snapshots::View>& output_type() {
  using T = snapshots::View;
  static const OutputType<T> type{"SnapshotView", {
      {"snapshot", schema::named("Snapshot"), "", [](const T& view) -> Written { return output_type<store::SnapshotRow>().write(view.row); }},
      {"own", schema::boolean(), "", [](const T& view) -> Written { return view.own; }},
      {"parts", schema::list_of(schema::named("Part")), "", [](const T& view) -> Written { return write_all(view.parts); }},
      {"accesses", schema::list_of(schema::named("Access")), "Tokens; for its owner alone.",
       [](const T& view) -> Written { return view.own ? Written(write_all(view.accesses)) : Written(); }, Presence::Sometimes},
      {"visits", {{"type", "object"}}, "How many, by how many, when the last; for its owner alone.",
       [](const T& view) -> Written {
         if (!view.own) return {};
         return json::object{{"visits", view.visits.visits}, {"visitors", view.visits.visitors}, {"last", time(view.visits.last)}};
       }, Presence::Sometimes},
  }};
  return type;
}

template <>
const OutputType<snapshots::Finding>& output_type() {
  using T = snapshots::Finding;
  static const OutputType<T> type{"Finding", {
      {"rule", schema::text(), "", [](const T& it) -> Written { return text(it.rule); }},
      {"part", schema::text(), "", [](const T& it) -> Written { return text(it.part); }},
      {"offset", schema::whole(), "In the part.", [](const T& it) -> Written { return it.offset; }},
      {"bytes", schema::whole(), "", [](const T& it) -> Written { return it.bytes; }},
      {"line", schema::whole(), "", [](const T& it) -> Written { return it.line; }},
      {"shown", schema::text(), "Its first characters.", [](const T& it) -> Written { return text(it.shown); }},
  }};
  return type;
}

template <>
const OutputType<snapshots::Shared>& output_type() {
  using T = snapshots::Shared;
  static const OutputType<T> type{"Shared", {
      {"snapshot", schema::named("Snapshot"), "", [](const T& it) -> Written { return output_type<store::SnapshotRow>().write(it.row); }},
      {"access", schema::named("Access"), "Of a token.",
       [](const T& it) -> Written { return it.access ? Written(output_type<store::AccessRow>().write(*it.access)) : Written(); }, Presence::Sometimes},
      {"token", schema::text(), "The token itself: told this once, kept nowhere.",
       [](const T& it) -> Written { return it.token.empty() ? Written() : Written(text(it.token)); }, Presence::Sometimes},
  }};
  return type;
}

template <>
const OutputType<snapshots::Received>& output_type() {
  using T = snapshots::Received;
  static const OutputType<T> type{"Received", {
      {"snapshot", schema::named("Snapshot"), "", [](const T& it) -> Written { return output_type<store::SnapshotRow>().write(it.row); }},
      {"signer", {{"type", "object"}}, "Whose signature it has: key, and what it calls itself.",
       [](const T& it) -> Written { return json::object{{"key", text(it.signer.key)}, {"name", text(it.signer.name)}}; }},
      {"said", schema::text(), "Who that is to this server, as a sentence.", [](const T& it) -> Written { return text(it.said); }},
  }};
  return type;
}

template <>
const OutputType<store::VisitRow>& output_type() {
  using T = store::VisitRow;
  static const OutputType<T> type{"Visit", {
      {"snapshot", schema::text(), "", [](const T& row) -> Written { return text(row.snapshot.str()); }},
      {"title", schema::text(), "At the last visit.", [](const T& row) -> Written { return text(row.title); }},
      {"count", schema::whole(), "", [](const T& row) -> Written { return row.count; }},
      {"first", schema::time(), "", [](const T& row) -> Written { return time(row.first); }},
      {"last", schema::time(), "", [](const T& row) -> Written { return time(row.last); }},
      {"gone", schema::boolean(), "The snapshot was removed.", [](const T& row) -> Written { return row.gone; }},
  }};
  return type;
}

template <>
const OutputType<snapshots::Visit>& output_type() {
  using T = snapshots::Visit;
  static const OutputType<T> type{"Visited", {
      {"visit", schema::named("Visit"), "", [](const T& it) -> Written { return output_type<store::VisitRow>().write(it.visited.row); }},
      {"counted", schema::boolean(), "Not when the last one was a moment ago, and not its owner's.", [](const T& it) -> Written { return it.visited.counted; }},
      {"view", schema::named("SnapshotView"), "", [](const T& it) -> Written { return output_type<snapshots::View>().write(it.view); }},
  }};
  return type;
}

}  // namespace berth::api_http
