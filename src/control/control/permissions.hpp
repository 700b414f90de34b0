#pragma once
// What an action asks of who wants it. Every action has its line here: one without does not compile.

#include <variant>

#include "control/actions.hpp"

namespace berth::control {

template <class Action>
struct Needs;  // static constexpr store::Permission permission

#define BERTH_NEEDS(action, word) \
  template <>                     \
  struct Needs<action> { static constexpr auto permission = store::Permission::word; }

BERTH_NEEDS(CreateSandbox, Run);
BERTH_NEEDS(ListSandboxes, Read);
BERTH_NEEDS(GetSandbox, Read);
BERTH_NEEDS(StopSandbox, Run);
BERTH_NEEDS(RemoveSandbox, Run);
BERTH_NEEDS(PauseSandbox, Run);
BERTH_NEEDS(ResumeSandbox, Run);
BERTH_NEEDS(SandboxStats, Read);
BERTH_NEEDS(StartTerminal, Run);
BERTH_NEEDS(ListTerminals, Read);
BERTH_NEEDS(GetTerminal, Read);
BERTH_NEEDS(WriteInput, Run);
BERTH_NEEDS(SendKeys, Run);
BERTH_NEEDS(WaitTerminal, Read);
BERTH_NEEDS(RenameTerminal, Run);
BERTH_NEEDS(CloseTerminal, Run);
BERTH_NEEDS(GetCommand, Read);
BERTH_NEEDS(GetCommandOutput, Read);
BERTH_NEEDS(Grep, Read);
BERTH_NEEDS(ResizeTerminal, Run);
BERTH_NEEDS(SignalTerminal, Run);
BERTH_NEEDS(ReadOutput, Read);
BERTH_NEEDS(GetScreen, Read);
BERTH_NEEDS(Exec, Run);
BERTH_NEEDS(ListCommands, Read);
BERTH_NEEDS(StatFile, Read);
BERTH_NEEDS(ListFiles, Read);
BERTH_NEEDS(ReadFile, Read);
BERTH_NEEDS(WriteFile, Run);
BERTH_NEEDS(MakeDirectory, Run);
BERTH_NEEDS(MoveFile, Run);
BERTH_NEEDS(RemoveFile, Run);
BERTH_NEEDS(ListTemplates, Read);
BERTH_NEEDS(BuildTemplate, Admin);
BERTH_NEEDS(RemoveTemplate, Admin);
BERTH_NEEDS(GetServerInfo, Read);
BERTH_NEEDS(ListJobs, Admin);
BERTH_NEEDS(RetryJob, Admin);
BERTH_NEEDS(CancelJob, Admin);
BERTH_NEEDS(AddUser, Admin);
BERTH_NEEDS(ListUsers, Admin);
BERTH_NEEDS(ChangeUser, Admin);
BERTH_NEEDS(CreateKey, Run);       // for oneself; for others Admin
BERTH_NEEDS(ListKeys, Read);
BERTH_NEEDS(RevokeKey, Run);
BERTH_NEEDS(FollowEvents, Read);
BERTH_NEEDS(OpenEvents, Read);
BERTH_NEEDS(ExportTerminal, Read);
BERTH_NEEDS(ImportRecording, Run);
BERTH_NEEDS(CreateSession, Run);
BERTH_NEEDS(CopySession, Run);
BERTH_NEEDS(DescribeSession, Read);
BERTH_NEEDS(GetSession, Read);
BERTH_NEEDS(ListSessions, Read);
BERTH_NEEDS(ReplaceSession, Run);
BERTH_NEEDS(PatchSession, Run);
BERTH_NEEDS(RenameSession, Run);
BERTH_NEEDS(RestoreSession, Run);
BERTH_NEEDS(CloseSession, Run);
BERTH_NEEDS(ResumeSession, Run);
BERTH_NEEDS(RemoveSession, Run);
BERTH_NEEDS(ListVersions, Read);
BERTH_NEEDS(CompareVersions, Read);
BERTH_NEEDS(AppendEntry, Run);
BERTH_NEEDS(ListEntries, Read);
BERTH_NEEDS(CleanSessions, Run);
BERTH_NEEDS(AddDevice, Run);
BERTH_NEEDS(GetDevice, Read);
BERTH_NEEDS(ListDevices, Read);
BERTH_NEEDS(RevokeDevice, Run);
BERTH_NEEDS(CreateSnapshot, Run);
BERTH_NEEDS(DeriveSnapshot, Run);
BERTH_NEEDS(ImportSnapshot, Run);
BERTH_NEEDS(ListSnapshots, Read);
BERTH_NEEDS(GetSnapshot, Read);
BERTH_NEEDS(ReadPart, Read);
BERTH_NEEDS(ExportSnapshot, Read);
BERTH_NEEDS(CopySnapshot, Run);
BERTH_NEEDS(ScanSnapshot, Read);
BERTH_NEEDS(VerifySnapshot, Run);
BERTH_NEEDS(ShareSnapshot, Run);
BERTH_NEEDS(UnshareSnapshot, Run);
BERTH_NEEDS(RemoveSnapshot, Run);
BERTH_NEEDS(VisitSnapshot, Read);
BERTH_NEEDS(ListVisits, Read);
BERTH_NEEDS(ForgetVisit, Read);

#undef BERTH_NEEDS

// Who attaches may type and take over, unless it asks for neither.
[[nodiscard]] inline store::Permission needed(const AttachTerminal& action) {
  return action.wish.seat == SeatWish::Never ? store::Permission::Read : store::Permission::Run;
}

template <class T>
[[nodiscard]] store::Permission needed(const T&) {
  return Needs<T>::permission;
}

[[nodiscard]] inline store::Permission needed(const Action& action) {
  return std::visit([](const auto& which) { return needed(which); }, action);
}

Result<> check_permission(const Caller& caller, const Action& action);

}  // namespace berth::control
