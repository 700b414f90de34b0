#include "control/permissions.hpp"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

using store::Permission;
using store::Permissions;
using store::Role;

Caller with(Permissions permissions) {
  return {.owner = "ada", .key = "k", .address = "", .request_id = "", .permissions = permissions};
}

TEST(Permissions, ACallerMayNothingUnlessSomethingWasGranted) {
  const Caller nobody{.owner = "ada", .key = "k", .address = "", .request_id = ""};
  for (const Action& action : {Action(ListSandboxes{}), Action(CreateSandbox{}), Action(ListJobs{})})
    EXPECT_EQ(check_permission(nobody, action).error().code, Code::PermissionDenied);
}

TEST(Permissions, RolesGiveMoreAndMore) {
  const std::pair<Role, int> expected[] = {{Role::Viewer, 1}, {Role::Member, 2}, {Role::Admin, 3}};
  for (const auto& [role, count] : expected) {
    const Caller caller = with(store::permissions_of(role));
    int allowed = 0;
    for (const Action& action : {Action(ListSandboxes{}), Action(CreateSandbox{}), Action(ListJobs{})})
      allowed += check_permission(caller, action).has_value() ? 1 : 0;
    EXPECT_EQ(allowed, count);
  }
}

TEST(Permissions, AKeyTakesAwayAndNeverGives) {
  const auto read = Permissions().with(Permission::Read);
  EXPECT_EQ(store::permissions_of(Role::Viewer).both(Permissions::all()), read);
  EXPECT_EQ(store::permissions_of(Role::Admin).both(read), read);
  EXPECT_EQ(Permissions(0xff), Permissions::all());
}

TEST(Permissions, ALinkShowsOneTerminalAndOpensNothingElse) {
  const auto id = TerminalId::parse("trm_00000000000000000000000000").value(), other = TerminalId::parse("trm_00000000000000000000000004").value();
  Caller link = with(Permissions::all());  // whatever its row says
  link.only = id;
  const ViewerWish reads{.seat = SeatWish::Never};
  for (const Action& action : {Action(AttachTerminal{.terminal = id, .from = {}, .wish = reads}), Action(GetScreen{.terminal = id}),
                               Action(ReadOutput{.terminal = id, .from = {}}), Action(ExportTerminal{.terminal = id, .from = {}, .to = {}})})
    EXPECT_TRUE(check_permission(link, action));
  for (const Action& action : {Action(AttachTerminal{.terminal = id, .from = {}}), Action(AttachTerminal{.terminal = other, .from = {}, .wish = reads}),
                               Action(GetScreen{.terminal = other}), Action(GetScreen{.terminal = TerminalTarget::named("box/main")}),
                               Action(GetTerminal{id}), Action(WriteInput{.terminal = id, .data = "x"}), Action(ListSandboxes{}),
                               Action(FollowEvents{}), Action(OpenEvents{}), Action(CreateKey{}), Action(ListKeys{}), Action(ListUsers{})})
    EXPECT_EQ(check_permission(link, action).error().code, Code::PermissionDenied);
}

}  // namespace
}  // namespace berth::control
