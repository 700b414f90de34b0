#pragma once
// Everything that a client can ask for, as values. A transport (HTTP, WebSocket, MCP, …) turns its bytes into one
// Action and gets one Outcome or one Error back; it holds no rule. Authorisation, limits and validation are in control.
//
// `sandbox` in an action is an id or a name of the caller's own. Paths are inside the sandbox. Sizes are bytes.
//
// Example (std::shared_ptr<control::Attachment> attachment):
//   CO_TRY(co_await attachment->input("ls\n"));
//   CO_TRY_ASSIGN(auto got, co_await attachment->read());
//   if (const auto* chunk = std::get_if<control::Attachment::Chunk>(&got)) {
//     std::string_view bytes = chunk->data;
//   }

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/exit.hpp"
#include "base/id.hpp"
#include "base/units.hpp"
#include "control/actions_people.hpp"
#include "control/attach.hpp"
#include "control/event_actions.hpp"
#include "control/recording_actions.hpp"
#include "control/session_actions.hpp"
#include "control/snapshot_actions.hpp"
#include "control/terminal_verbs.hpp"
#include "store/rows.hpp"
#include "store/store.hpp"

namespace berth::control {

struct Caller {
  std::string owner;         // "local" for the machine's own user
  std::string key;           // key id, or "socket" for the home's unix socket
  std::string address;       // for the log and rate limits
  std::string request_id;
  store::Permissions permissions{};  // what his role and his key give, both
  std::optional<TerminalId> only{};  // a link: looks at this terminal and does nothing else
};

struct ResourceLimits {      // 0 or absent: the default of the configuration
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint32_t> cpu_millis;
  std::optional<std::uint32_t> processes;
  std::optional<std::uint32_t> open_files;
};

// ---- actions ----
struct CreateSandbox {
  std::string template_name;                 // "" is the configured default
  std::string name;                          // "" picks a readable one
  std::string isolation;                     // "auto", "gvisor", "container"; "" is the configured default
  ResourceLimits limits;
  std::map<std::string, std::string> env;
  bool remove_on_exit = false;               // removed when its last terminal ended after at least one was started
};
struct ListSandboxes { std::optional<store::SandboxState> state; store::PageRequest page; };
struct GetSandbox { std::string sandbox; };
struct StopSandbox { std::string sandbox; std::optional<std::chrono::milliseconds> grace; };
struct RemoveSandbox { std::string sandbox; bool force = false; };   // force: stop first
struct PauseSandbox { std::string sandbox; };
struct ResumeSandbox { std::string sandbox; };
struct SandboxStats { std::string sandbox; };

struct StartTerminal {
  std::string sandbox;
  std::vector<std::string> argv;             // empty: the sandbox's shell, interactive
  std::map<std::string, std::string> env;
  std::string cwd;                           // "" is the workspace
  store::TerminalKind kind = store::TerminalKind::Pty;
  TerminalSize size;
  bool shell_integration = true;
  std::string name{};                        // "": none
};
struct ListTerminals { std::string sandbox; };
struct GetTerminal { TerminalTarget terminal; };
struct WriteInput { TerminalTarget terminal; std::string data; bool close = false; };
struct ResizeTerminal { TerminalTarget terminal; TerminalSize size; };
struct SignalTerminal { TerminalTarget terminal; int signal = 15; };     // to the foreground group
struct ReadOutput { TerminalTarget terminal; ByteOffset from; std::uint64_t limit = 1 << 20; };
enum class ScreenFormat { Text, Stream, Json, Image };
struct GetScreen { TerminalTarget terminal; ScreenFormat format = ScreenFormat::Text; std::string at{}; };  // at: a place; "": now
struct Exec {                                // runs to its end; output is kept in a journal like a terminal's
  std::string sandbox;
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  std::string cwd;
  std::string input;
  std::optional<std::chrono::milliseconds> timeout;
};
struct ListCommands {
  std::string sandbox;
  std::optional<TerminalTarget> terminal;
  store::PageRequest page;
  store::CommandFilter filter{};             // by what they are; whose they are is said above
};

struct StatFile { std::string sandbox; std::string path; };
struct ListFiles { std::string sandbox; std::string path; };
struct ReadFile { std::string sandbox; std::string path; std::uint64_t offset = 0; std::uint64_t limit = 0; };  // 0: all, up to the configured limit
struct WriteFile { std::string sandbox; std::string path; std::string data; std::uint32_t mode = 0; };
struct MakeDirectory { std::string sandbox; std::string path; bool parents = true; };
struct MoveFile { std::string sandbox; std::string from; std::string to; };
struct RemoveFile { std::string sandbox; std::string path; bool recursive = false; };

struct ListTemplates {};
struct BuildTemplate { std::string name; bool rebuild = false; };    // returns when built; progress in TemplateInfo
struct RemoveTemplate { std::string name; };
struct GetServerInfo {};

struct ListJobs { store::JobFilter filter; store::PageRequest page; };  // of the whole server
struct RetryJob { JobId job; };
struct CancelJob { JobId job; };

using Action = std::variant<CreateSandbox, ListSandboxes, GetSandbox, StopSandbox, RemoveSandbox, PauseSandbox, ResumeSandbox,
                            SandboxStats, StartTerminal, ListTerminals, GetTerminal, WriteInput, SendKeys, WaitTerminal,
                            RenameTerminal, CloseTerminal, GetCommand, GetCommandOutput, Grep, ResizeTerminal,
                            SignalTerminal, ReadOutput, AttachTerminal, GetScreen, Exec, ListCommands, StatFile, ListFiles, ReadFile,
                            WriteFile, MakeDirectory, MoveFile, RemoveFile, ListTemplates, BuildTemplate, RemoveTemplate,
                            GetServerInfo, ListJobs, RetryJob, CancelJob, AddUser, ListUsers, ChangeUser, CreateKey,
                            ListKeys, RevokeKey, FollowEvents, OpenEvents, ExportTerminal, ImportRecording,
                            CreateSession, CopySession, DescribeSession, GetSession, ListSessions, ReplaceSession, PatchSession, RenameSession,
                            RestoreSession, CloseSession, ResumeSession, RemoveSession, ListVersions, CompareVersions, AppendEntry, ListEntries,
                            CleanSessions, AddDevice, GetDevice, ListDevices, RevokeDevice,
                            CreateSnapshot, DeriveSnapshot, ImportSnapshot, ListSnapshots, GetSnapshot, ReadPart, ExportSnapshot, CopySnapshot,
                            ScanSnapshot, VerifySnapshot, ShareSnapshot, UnshareSnapshot, RemoveSnapshot, VisitSnapshot, ListVisits,
                            ForgetVisit>;

// ---- outcomes ----
struct Done {};
struct SandboxStatsInfo {
  std::uint64_t memory_bytes = 0, memory_limit = 0, cpu_ns = 0;
  std::uint32_t processes = 0;
  std::uint64_t oom_kills = 0;
};
struct OutputPart { ByteOffset from; std::string data; ByteOffset end; bool running = false; };
struct ScreenView {
  ByteOffset offset;                         // attaching from here goes on exactly where this ends
  TerminalSize size;
  ScreenFormat format = ScreenFormat::Text;
  std::string data;
};
struct ExecResult {
  TerminalId terminal;
  Exit exit;
  bool timed_out = false;
  std::string out, error;                    // cut at the configured limit; the journal has all
  bool truncated = false;
  std::chrono::nanoseconds duration{};
};
struct FileEntry {
  std::string name, kind;                    // "file", "directory", "symlink", "other"
  std::uint64_t size = 0;
  std::uint32_t mode = 0, uid = 0, gid = 0;
  WallTime modified{};
  std::string link_target;
};
struct FileList { std::vector<FileEntry> entries; bool complete = true; };
struct FileData { std::string data; bool end = true; };
struct TemplateInfo {
  std::string name, digest, state;           // "ready", "absent", "building", "failed"
  std::string description, progress;         // progress: last line while building
  std::uint64_t size_bytes = 0;
  std::optional<WallTime> built;
};
struct ServerInfo {
  std::string version, home;
  WallTime started{};
  std::uint64_t sandboxes = 0, terminals = 0, viewers = 0;
};

using Outcome = std::variant<Done, store::SandboxRow, store::Page<store::SandboxRow>, SandboxStatsInfo, TerminalInfo,
                             std::vector<TerminalInfo>, OutputPart, WaitResult, CommandOutput, GrepPage,
                             ScreenView, std::shared_ptr<Attachment>, ExecResult, store::CommandRow, store::Page<store::CommandRow>, FileEntry, FileList, FileData, TemplateInfo,
                             std::vector<TemplateInfo>, ServerInfo, store::JobRow, store::Page<store::JobRow>,
                             store::UserRow, std::vector<store::UserRow>, NewKey, std::vector<store::KeyRow>,
                             std::shared_ptr<events::Reader>, std::shared_ptr<EventDesk>, std::shared_ptr<RecordingStream>,
                             store::SessionRow, sessions::Made, sessions::Content, sessions::Listed, std::vector<store::RevisionRow>, Difference,
                             sessions::Appended, sessions::Entries, std::vector<store::SessionRow>, sessions::DeviceKey,
                             std::vector<sessions::Device>, store::SnapshotRow, snapshots::Made, snapshots::Received, snapshots::Listed, snapshots::View,
                             snapshots::Scanned, snapshots::Shared, snapshots::Visit, snapshots::Visits, std::shared_ptr<SnapshotStream>>;

}  // namespace berth::control
