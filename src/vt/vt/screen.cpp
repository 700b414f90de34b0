#include "vt/screen.hpp"

#include <algorithm>
#include <utility>

#include "vt/engine.hpp"

namespace berth::vt {

TerminalSize Screen::clamp(TerminalSize size) {
  return {.cols = std::clamp(size.cols, min_cols, max_cols), .rows = std::clamp(size.rows, min_rows, max_rows)};
}

Screen::Screen(ScreenOptions options)
    : engine_(std::make_unique<Engine>(clamp(options.size), options.scrollback_lines)) {}
Screen::Screen(Screen&&) noexcept = default;
Screen& Screen::operator=(Screen&&) noexcept = default;
Screen::~Screen() = default;

void Screen::feed(std::string_view bytes) { engine_->feed(bytes); }
void Screen::resize(TerminalSize size) { engine_->resize(clamp(size)); }
std::string Screen::take_replies() { return std::exchange(engine_->replies, {}); }
TerminalSize Screen::size() const { return engine_->size; }
bool Screen::alternate() const { return engine_->alternate != nullptr; }
const std::string& Screen::title() const { return engine_->title; }
std::size_t Screen::scrollback_lines() const { return engine_->history.size(); }
bool Screen::scrollback_dropped() const { return engine_->history_dropped; }
std::size_t Screen::memory() const { return sizeof *this + engine_->memory(); }

}  // namespace berth::vt
