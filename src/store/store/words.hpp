#pragma once
// What states are called wherever people and programs read them: in answers, events, filters. Part of the API.

#include <string_view>

#include "store/rows.hpp"

namespace berth::store {

[[nodiscard]] constexpr std::string_view word(SandboxState state) {
  switch (state) {
    case SandboxState::Provisioning: return "provisioning";
    case SandboxState::Running: return "running";
    case SandboxState::Paused: return "paused";
    case SandboxState::Stopped: return "stopped";
    case SandboxState::Failed: break;
  }
  return "failed";
}

}  // namespace berth::store
