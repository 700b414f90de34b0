#pragma once
// Everybody who watches one terminal: their seats (terminals/seats.hpp), the size that follows from their windows, and who
// is told. On the terminal's strand; the terminal owns it and outlives its viewers.

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "terminals/seats.hpp"
#include "terminals/shared.hpp"

namespace berth::terminals {

class Terminal;
class Viewer;

class Audience {
 public:
  Audience(Terminal& terminal, const Shared& shared, Seats::Settings settings);

  void enter(Viewer& viewer);
  void leave(Viewer& viewer, Seats::Leaving how);
  void take_over(Viewer& viewer);
  void say_size(Viewer& viewer, TerminalSize size);
  void tell_size();                       // the terminal has another one
  void wake();                            // there is output, or the end

  [[nodiscard]] std::size_t size() const { return viewers_.size(); }
  [[nodiscard]] const std::vector<Viewer*>& viewers() const { return viewers_; }
  [[nodiscard]] bool answers() const;     // the writer's terminal answers what programs ask: the server need not

 private:
  void tell(const Seats::News& news);
  void apply_size();
  void pause();
  void arm();

  Terminal& terminal_;
  const Shared& shared_;
  Seats seats_;
  Seats::Id next_ = 1;
  std::vector<Viewer*> viewers_;
  std::optional<TerminalSize> applied_;   // the last size that followed from the windows
  std::unique_ptr<boost::asio::steady_timer> pause_;  // after one: whoever drags an edge makes no size of each step
  std::unique_ptr<boost::asio::steady_timer> timer_;  // only while a seat has a deadline
};

}  // namespace berth::terminals
