#pragma once
// control::Attachment over a terminals::Viewer. The viewer lives on the terminal's strand: an attachment that is destroyed
// elsewhere sends it back there.

#include <functional>
#include <memory>
#include <optional>

#include "control/terminal_host.hpp"
#include "terminals/viewer.hpp"

namespace berth::control {

// What a client may see of a terminal: without the nonce of its markers. On its strand.
[[nodiscard]] TerminalInfo info_of(const terminals::Terminal& terminal);

// A viewer, counted. On the terminal's strand; `host` is empty for a terminal of the past.
class Look {
 public:
  Look(Domain& domain, std::shared_ptr<TerminalHost> host, const std::shared_ptr<terminals::Terminal>& terminal,
       ByteOffset from, terminals::Viewer::Options options = {});
  ~Look();
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;
  terminals::Viewer* operator->() { return viewer_.get(); }

 private:
  Domain& domain_;
  std::shared_ptr<TerminalHost> host_;
  std::shared_ptr<terminals::Viewer> viewer_;
};

using TakenOver = std::function<void(const TerminalId&)>;  // told when this viewer took the seat; on the strand

// Where it begins is checked: InvalidArgument with the range that is kept. `drawn`: what it is shown before the first byte.
[[nodiscard]] Result<std::shared_ptr<Attachment>> attach(Domain& domain, std::shared_ptr<TerminalHost> host,
                                                         std::shared_ptr<terminals::Terminal> terminal,
                                                         std::optional<ByteOffset> from, const ViewerWish& wish,
                                                         std::optional<Attachment::Drawn> drawn, TakenOver taken);

}  // namespace berth::control
