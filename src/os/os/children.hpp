#pragma once
// What PID 1 of a namespace does for processes that it did not start itself: signals to process or group, reaping whatever
// ended. Programs that own their children one by one use os/process.hpp instead; the two must not be mixed in one process,
// since reap_any() takes the exit of a child that a Process still waits for.
//
// Any thread. Errors: a process that is gone is none.

#include <sys/types.h>

#include <optional>
#include <utility>

#include "base/exit.hpp"

namespace berth::os {

// kill(2): a negative target is a process group, -1 everybody. Gone already is fine.
void signal_any(pid_t target, int signal);
// A child that ended, each once; empty when none has.
[[nodiscard]] std::optional<std::pair<pid_t, Exit>> reap_any();
[[nodiscard]] bool has_children();  // running or not reaped yet

}  // namespace berth::os
