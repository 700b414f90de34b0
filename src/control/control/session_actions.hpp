#pragma once
// Sessions, as actions: what sessions::Sessions can do, for the caller's own alone.

#include <cstdint>
#include <optional>
#include <string>

#include "sessions/sessions.hpp"

namespace berth::control {

// Which session is changed, from which version (VersionRequired without one, where a version matters), by which client, and
// under which key a repeated request has one effect.
struct SessionChange {
  SessionId session;
  sessions::From from;
  std::string client, once;
};

struct CreateSession { sessions::NewSession wanted; std::string client, once; };  // wanted.sandbox: id or name, or ""
struct CopySession { SessionId session; std::string title, client, once; };
struct DescribeSession { SessionId session; };                                    // without its content
struct GetSession { SessionId session; std::optional<std::uint64_t> version; };   // absent: the newest
struct ListSessions { store::SessionFilter filter; std::string after; std::uint32_t limit = 20; };  // of the filter, not the owner
struct ReplaceSession { SessionChange change; document::Value document; };
struct PatchSession { SessionChange change; sessions::PatchForm form = sessions::PatchForm::JsonPatch; document::Value patch; };
struct RenameSession { SessionChange change; sessions::Details details; };
struct RestoreSession { SessionChange change; std::uint64_t version = 0; };
struct CloseSession { SessionChange change; };
struct ResumeSession { SessionChange change; };
struct RemoveSession { SessionChange change; };
struct ListVersions { SessionId session; std::uint64_t before = 0; std::uint32_t limit = 100; };  // 0: from the newest on
struct CompareVersions { SessionId session; std::uint64_t from = 0, to = 0; };
struct AppendEntry { SessionId session; store::SessionLog log; std::string id; document::Value entry; std::string client; };
struct ListEntries { SessionId session; store::SessionLog log; std::uint64_t from = 0; std::uint32_t limit = 20; };
struct CleanSessions {                                                             // closed ones: not changed for `older`, or beyond the newest `keep`
  std::optional<std::chrono::milliseconds> older;
  std::optional<std::uint32_t> keep;
  bool dry_run = false;
  std::string client;
};
struct AddDevice { std::string name; };
struct GetDevice { std::string id; };                                             // with its key
struct ListDevices {};
struct RevokeDevice { std::string id; };

struct Difference { std::string patch; };                                         // JSON Patch, canonical

}  // namespace berth::control
