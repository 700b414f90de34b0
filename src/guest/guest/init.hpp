#pragma once
// berth-init: the first process of a sandbox. One thread, one epoll; see session.hpp for what it says and does.
//
// run() takes the channel's two descriptors (they may be one socket) and returns the exit status: 0 after a Shutdown or
// when the shim closed the channel, 1 when the channel broke the protocol or the kernel refused something, which one line
// on stderr explains. It changes its process: signals are blocked and taken by signalfd, PR_SET_DUMPABLE is off, it is
// the reaper of its descendants, its umask is 0 (each program gets 022).

#include "base/unique_fd.hpp"

namespace berth::guest {

int run(UniqueFd in, UniqueFd out);

}  // namespace berth::guest
