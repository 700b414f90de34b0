#include "cli/detach_keys.hpp"

namespace berth::cli {

DetachKeys::Scan DetachKeys::feed(std::string_view typed) {
  Scan out;
  for (char key : typed) {
    if (held_ && key == second) {
      held_ = false;
      out.detach = true;
      return out;
    }
    if (held_ && key == take) {
      held_ = false;
      out.take_over = true;
      continue;
    }
    if (held_) out.input += first;
    held_ = key == first;
    if (!held_) out.input += key;
  }
  return out;
}

}  // namespace berth::cli
