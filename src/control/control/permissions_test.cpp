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

}  // namespace
}  // namespace berth::control
