#include "shim/terminal_log.hpp"

#include <algorithm>

namespace berth::shim {

void TerminalLog::append(journal::Kind kind, std::string_view bytes) {
  const WallTime time = clock_.now();
  do {
    const auto piece = bytes.substr(0, journal::max_payload_bytes);
    if (blocked() || !write(kind, piece, time)) hold(kind, piece, time);
    bytes.remove_prefix(piece.size());
  } while (!bytes.empty());
}

bool TerminalLog::write(journal::Kind kind, std::string_view bytes, WallTime time) {
  const ByteOffset offset = writer_.end();
  if (auto written = writer_.append(kind, bytes, time); !written) {
    failure_ = std::move(written).error();
    return false;
  }
  appended_(kind, offset, bytes, time);
  return true;
}

// Of sizes in a row only the last matters: a flood of them holds one.
void TerminalLog::hold(journal::Kind kind, std::string_view bytes, WallTime time) {
  if (kind == journal::Kind::Resize && blocked() && held_.back().kind == kind) held_.pop_back();
  held_.push_back({kind, std::string(bytes), time});
}

bool TerminalLog::retry() {
  while (!held_.empty()) {
    const Held& first = held_.front();
    if (!write(first.kind, first.bytes, first.time)) return false;
    held_.pop_front();
  }
  failure_.reset();
  return true;
}

std::size_t TerminalLog::held_bytes() const {
  std::size_t sum = 0;
  for (const Held& held : held_) sum += held.bytes.size();
  return sum;
}

}  // namespace berth::shim
