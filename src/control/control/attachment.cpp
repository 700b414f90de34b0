#include "control/attachment.hpp"

#include <boost/asio/dispatch.hpp>

#include "control/validate.hpp"

namespace berth::control {

using boost::asio::awaitable;
using terminals::Terminal;

TerminalInfo info_of(const Terminal& terminal) {
  TerminalInfo info{.row = terminal.row(), .end = terminal.end(), .viewers = static_cast<std::uint32_t>(terminal.viewers())};
  info.row.nonce.clear();
  return info;
}

Look::Look(Domain& domain, std::shared_ptr<TerminalHost> host, const std::shared_ptr<Terminal>& terminal,
           std::optional<ByteOffset> from)
    : domain_(domain), host_(std::move(host)), viewer_(terminal->view(from)) {
  if (host_) host_->viewer_came();
  else ++domain_.viewers;
}

Look::~Look() {
  viewer_.reset();
  if (host_) host_->viewer_left();
  else --domain_.viewers;
}

namespace {

class ViewerAttachment final : public Attachment {
 public:
  ViewerAttachment(Domain& domain, std::shared_ptr<TerminalHost> host, std::shared_ptr<Terminal> terminal,
                   std::optional<ByteOffset> from)
      : terminal_(std::move(terminal)), look_(std::make_shared<Look>(domain, std::move(host), terminal_, from)) {}

  ~ViewerAttachment() override {
    boost::asio::dispatch(terminal_->executor(), [look = std::move(look_)]() mutable { look.reset(); });
  }

  boost::asio::any_io_executor executor() const override { return terminal_->executor(); }
  TerminalInfo info() const override { return info_of(*terminal_); }
  ByteOffset position() const override { return (*look_)->position(); }

  awaitable<Result<std::variant<Chunk, Ended>>> read() override {
    CO_TRY_ASSIGN(auto item, co_await (*look_)->read());
    if (auto* chunk = std::get_if<terminals::Viewer::Chunk>(&item))
      co_return std::variant<Chunk, Ended>{Chunk{chunk->from, chunk->data, chunk->error}};
    auto& ended = std::get<terminals::Viewer::Ended>(item);
    co_return std::variant<Chunk, Ended>{Ended{ended.exit, ended.end, std::move(ended.reason)}};
  }

  awaitable<Result<>> input(std::string_view data) override {
    CO_TRY(check_input(data));
    co_return co_await terminal_->input(std::string(data));
  }
  Result<> close_input() override { return later(terminal_->close_input()); }
  Result<> resize(TerminalSize size) override {
    TRY(check_size(size));
    return later(terminal_->resize(size));
  }
  Result<> signal(int signal) override {
    TRY(check_signal(signal));
    return later(terminal_->signal(signal, true));
  }

 private:
  // The frame goes into the link's queue; a viewer's connection does not wait for it.
  Result<> later(awaitable<Result<>> work) {
    if (terminal_->state() == Terminal::State::Ended) return fail(Code::FailedPrecondition, "The terminal has ended.");
    const auto drop = [](std::shared_ptr<Terminal>, awaitable<Result<>> sent) -> awaitable<void> { (void)co_await std::move(sent); };
    terminal_->spawn(drop(terminal_, std::move(work)));
    return {};
  }

  std::shared_ptr<Terminal> terminal_;
  std::shared_ptr<Look> look_;
};

}  // namespace

std::shared_ptr<Attachment> attach(Domain& domain, std::shared_ptr<TerminalHost> host, std::shared_ptr<Terminal> terminal,
                                   std::optional<ByteOffset> from) {
  return std::make_shared<ViewerAttachment>(domain, std::move(host), std::move(terminal), from);
}

}  // namespace berth::control
