#pragma once
// The verbs about snapshots and visits, as plain values; a part of cli/verbs.hpp. A snapshot is named by its id or, when it is one's
// own, its title; another's by what was given: ID or ID#TOKEN.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::cli::verb {

struct SnapshotCreate {
  std::string source, title, description;  // source: a session; or a snapshot, of which less is wanted
  std::vector<std::string> leave_out;
  bool mask = false;
};
struct SnapshotList {
  std::string title, tag, visibility, sort = "created";
  std::size_t limit = 0;  // 0: all
};
struct SnapshotShow {
  std::string snapshot;
  bool findings = false;
};
struct SnapshotShare {
  std::string snapshot, label;
  bool token = false, accept_findings = false;
  std::optional<std::chrono::milliseconds> expires;
  std::uint64_t uses = 0;
};
struct SnapshotUnshare { std::string snapshot, access; };
struct SnapshotOpen { std::string link, part, output, copy; };  // output: "" or "-" is stdout; copy: title of a new session
struct SnapshotExport { std::string snapshot, output; };
struct SnapshotImport { std::string file, title; };
struct SnapshotVerify { std::string what; };  // a snapshot, or the file of a bundle
struct SnapshotRemove { std::vector<std::string> snapshots; };
struct VisitList {
  std::string title, sort = "last";
  bool gone = false;
  std::size_t limit = 0;
};
struct VisitRemove { std::vector<std::string> snapshots; };

}  // namespace berth::cli::verb
