// A terminal that stays inside the sandbox: its bytes come as frames, within windows (wire/init.proto).

#include <algorithm>

#include "shim/terminal_io.hpp"
#include "wire/frame.hpp"

namespace berth::shim {
namespace {

using journal::Kind;

constexpr std::uint64_t window_bytes = wire::window_bytes;  // of output that is not in the journal yet
constexpr std::size_t input_frame_bytes = 64 << 10;

class ChannelIo final : public TerminalIo {
 public:
  ChannelIo(Host& host, TerminalLog& log, InputQueue& input, std::uint64_t stream)
      : host_(host), log_(log), input_(input), stream_(stream) {
    grant();
  }

  void log_has_room() override { grant(); }
  void channel_has_room() override;
  void pump_input() override;
  void close_input() override;
  void resize(TerminalSize size) override;
  Result<> exited(const wire::ProcessExit& exit) override;
  void abandon() override { ended_ = true; input_.discard(); }
  [[nodiscard]] bool drained() const override { return ended_; }
  Result<> output(const wire::Output& frame) override;
  Result<> input_window(std::uint64_t limit) override;

 private:
  void grant();

  Host& host_;
  TerminalLog& log_;
  InputQueue& input_;
  std::uint64_t stream_;
  std::uint64_t out_ = 0;           // received of stdout, or of the PTY
  std::uint64_t error_ = 0;
  std::uint64_t granted_ = 0;       // of both together
  std::uint64_t input_sent_ = 0;
  std::uint64_t input_limit_ = 0;
  bool input_closing_ = false;
  bool grant_waits_ = false;
  std::optional<TerminalSize> size_waits_;
  bool ended_ = false;
};

// A window is renewed when half of it is used, and never before the bytes are in the journal.
void ChannelIo::grant() {
  if (ended_ || log_.blocked()) return;
  const std::uint64_t limit = out_ + error_ + window_bytes;
  if (limit - granted_ < window_bytes / 2) return;
  wire::ToInit frame;
  frame.mutable_window()->set_stream(stream_);
  frame.mutable_window()->set_limit(limit);
  grant_waits_ = !host_.send_to_init(frame);
  if (!grant_waits_) granted_ = limit;
}

Result<> ChannelIo::output(const wire::Output& frame) {
  std::uint64_t& received = frame.error() ? error_ : out_;
  std::string_view data = frame.data();
  if (ended_) return fail(Code::Damaged, "output after the end of its process");
  if (data.empty() || data.size() > wire::max_data_bytes) return fail(Code::Damaged, "output of a size out of range");
  if (frame.offset() > received) return fail(Code::Damaged, "output with a gap");
  const std::uint64_t known = received - frame.offset();  // sent again after a resume
  if (known >= data.size()) return {};
  data.remove_prefix(static_cast<std::size_t>(known));
  if (data.size() > granted_ - (out_ + error_)) return fail(Code::Damaged, "output beyond its window");
  received += data.size();
  log_.append(frame.error() ? Kind::Error : Kind::Output, data);
  if (log_.blocked()) host_.io_changed();
  grant();
  return {};
}

Result<> ChannelIo::exited(const wire::ProcessExit& exit) {
  if (exit.output() != out_ || exit.error() != error_) return fail(Code::Damaged, "an exit before all output");
  ended_ = true;
  input_.discard();
  return {};
}

Result<> ChannelIo::input_window(std::uint64_t limit) {
  input_limit_ = std::max(input_limit_, limit);
  pump_input();
  return {};
}

void ChannelIo::channel_has_room() {
  if (grant_waits_) grant();
  if (size_waits_) resize(*size_waits_);
  pump_input();
}

void ChannelIo::pump_input() {
  if (ended_) return input_.discard();
  while (!input_.empty() && input_sent_ < input_limit_) {
    const auto data = input_.front().substr(0, std::min<std::uint64_t>(input_frame_bytes, input_limit_ - input_sent_));
    wire::ToInit frame;
    frame.mutable_input()->set_stream(stream_);
    frame.mutable_input()->set_offset(input_sent_);
    frame.mutable_input()->set_data(data.data(), data.size());
    if (!host_.send_to_init(frame)) return;
    input_sent_ += data.size();
    input_.consume(data.size());
  }
  if (!input_closing_ || !input_.empty()) return;
  wire::ToInit frame;
  frame.mutable_close_input()->set_stream(stream_);
  input_closing_ = !host_.send_to_init(frame);
}

void ChannelIo::close_input() {
  input_closing_ = true;
  pump_input();
}

void ChannelIo::resize(TerminalSize size) {
  if (ended_) return;
  wire::ToInit frame;
  frame.mutable_resize()->set_stream(stream_);
  frame.mutable_resize()->mutable_size()->set_cols(size.cols);
  frame.mutable_resize()->mutable_size()->set_rows(size.rows);
  size_waits_.reset();
  if (!host_.send_to_init(frame)) size_waits_ = size;
}

}  // namespace

std::unique_ptr<TerminalIo> make_channel_io(TerminalIo::Host& host, TerminalLog& log, InputQueue& input, std::uint64_t stream) {
  return std::make_unique<ChannelIo>(host, log, input, stream);
}

}  // namespace berth::shim
