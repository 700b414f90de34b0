#pragma once
// Which terminal an action is about. A part of control/actions.hpp.
//
// Example (const TerminalId& id):
//   const control::TerminalTarget by_id = id;
//   const auto by_name = control::TerminalTarget::named("build/main");

#include <string>
#include <utility>

#include "base/id.hpp"

namespace berth::control {

// A terminal as a client names it: by id, or as "sandbox/name" with the sandbox's id or name.
class TerminalTarget {
 public:
  TerminalTarget() = default;
  TerminalTarget(const TerminalId& id) : text_(id.str()) {}  // NOLINT(google-explicit-constructor): an id is a target
  static TerminalTarget named(std::string text) {
    TerminalTarget out;
    out.text_ = std::move(text);
    return out;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace berth::control
