#pragma once
// Telling the service manager that started us how we are: a datagram of lines NAME=VALUE to the socket that $NOTIFY_SOCKET
// names (a path, or @name of the abstract space). Without that variable there is nobody to tell, which is fine.
//
// No state, any thread, never waits. Errors from the system. Source: sd_notify(3), systemd.service(5) on NotifyAccess.
//
// Example:
//   TRY(os::notify_service_manager("READY=1\n"));

#include <string_view>

#include "base/result.hpp"

namespace berth::os {

Result<> notify_service_manager(std::string_view state);

}  // namespace berth::os
