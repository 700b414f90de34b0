#include "control/attachment.hpp"

#include <boost/asio/dispatch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/validate.hpp"

namespace berth::control {

using boost::asio::awaitable;
using terminals::Terminal;
using terminals::Viewer;

TerminalInfo info_of(const Terminal& terminal) {
  TerminalInfo info{.row = terminal.row(), .end = terminal.end(), .viewers = static_cast<std::uint32_t>(terminal.viewers())};
  info.row.nonce.clear();
  return info;
}

Look::Look(Domain& domain, std::shared_ptr<TerminalHost> host, const std::shared_ptr<Terminal>& terminal,
           ByteOffset from, Viewer::Options options)
    : domain_(domain), host_(std::move(host)), viewer_(std::make_shared<Viewer>(terminal, from, std::move(options))) {
  if (host_) host_->viewer_came();
  else ++domain_.viewers;
}

Look::~Look() {
  viewer_.reset();
  if (host_) host_->viewer_left();
  else --domain_.viewers;
}

namespace {

Attachment::Missed missed(Viewer::Missed why) {
  switch (why) {
    case Viewer::Missed::Slow: return Attachment::Missed::Slow;
    case Viewer::Missed::Removed: return Attachment::Missed::Removed;
    case Viewer::Missed::Damaged: break;
  }
  return Attachment::Missed::Damaged;
}

Seat seat(bool writer) { return writer ? Seat::Writer : Seat::Reader; }

// The same item for the transports.
struct Translate {
  using Item = Attachment::Item;
  Item operator()(Viewer::Chunk& chunk) const { return Attachment::Chunk{chunk.from, chunk.data, chunk.error}; }
  Item operator()(Viewer::Skipped& skipped) const {
    return Attachment::Skipped{skipped.from, skipped.to, missed(skipped.why), skipped.size, std::move(skipped.redraw)};
  }
  Item operator()(Viewer::Seated& seated) const {
    return Attachment::SeatChange{seat(seated.writer), seated.live, to_string(seated.why)};
  }
  Item operator()(Viewer::Resized& resized) const { return Attachment::SizeChange{resized.size}; }
  Item operator()(Viewer::Ended& ended) const { return Attachment::Ended{ended.exit, ended.end, std::move(ended.reason)}; }
};

class ViewerAttachment final : public Attachment {
 public:
  ViewerAttachment(Domain& domain, std::shared_ptr<TerminalHost> host, std::shared_ptr<Terminal> terminal, ByteOffset from,
                   Viewer::Options options, std::optional<Drawn> drawn, TakenOver taken)
      : terminal_(std::move(terminal)),
        look_(std::make_shared<Look>(domain, std::move(host), terminal_, from, std::move(options))),
        drawn_(std::move(drawn)), taken_(std::move(taken)) {}

  ~ViewerAttachment() override {
    boost::asio::dispatch(terminal_->executor(), [look = std::move(look_)]() mutable { look.reset(); });
  }

  boost::asio::any_io_executor executor() const override { return terminal_->executor(); }
  TerminalInfo info() const override { return info_of(*terminal_); }
  ByteOffset position() const override { return viewer().position(); }
  Greeting greeting() const override { return {seat(viewer().writer()), viewer().live(), viewer().window(), drawn_.has_value()}; }

  awaitable<Result<Item>> read() override {
    if (drawn_) co_return *std::exchange(drawn_, std::nullopt);
    CO_TRY_ASSIGN(auto item, co_await viewer().read());
    co_return std::visit(Translate{}, item);
  }
  Result<> acknowledge(ByteOffset taken) override { return viewer().acknowledge(taken); }
  Result<> take_over() override {
    TRY(viewer().take_over());
    taken_(terminal_->row().id);
    return {};
  }
  void leave() override { viewer().leave(); }

  awaitable<Result<>> input(std::string_view data) override {
    CO_TRY(viewer().may_type());
    CO_TRY(check_input(data));
    co_return co_await terminal_->input(std::string(data));
  }
  Result<> close_input() override {
    TRY(viewer().may_type());
    return later(terminal_->close_input());
  }
  Result<> resize(TerminalSize size) override {
    TRY(check_size(size));
    if (terminal_->state() == Terminal::State::Ended) return fail(Code::FailedPrecondition, "The terminal has ended.");
    viewer().say_size(size);
    return {};
  }
  Result<> signal(int signal) override {
    TRY(viewer().may_type());
    TRY(check_signal(signal));
    return later(terminal_->signal(signal, true));
  }
  void turn_away(Error why) override {
    boost::asio::dispatch(terminal_->executor(), [look = look_, why = std::move(why)]() mutable { (*look)->turn_away(std::move(why)); });
  }

 private:
  Viewer& viewer() const { return *look_->operator->(); }

  // The frame goes into the link's queue; a viewer's connection does not wait for it.
  Result<> later(awaitable<Result<>> work) {
    if (terminal_->state() == Terminal::State::Ended) return fail(Code::FailedPrecondition, "The terminal has ended.");
    const auto drop = [](std::shared_ptr<Terminal>, awaitable<Result<>> sent) -> awaitable<void> { (void)co_await std::move(sent); };
    terminal_->spawn(drop(terminal_, std::move(work)));
    return {};
  }

  std::shared_ptr<Terminal> terminal_;
  std::shared_ptr<Look> look_;
  std::optional<Drawn> drawn_;
  TakenOver taken_;
};

Viewer::Options options_of(const Domain& domain, const Terminal& terminal, const ViewerWish& wish) {
  const bool skips = wish.slow == Slow::AsConfigured ? domain.parts.settings.terminal_skip_slow : wish.slow == Slow::Skip;
  Viewer::Options options{.acknowledges = wish.acknowledges, .answers = wish.answers};
  options.skips = skips && terminal.row().kind == store::TerminalKind::Pty;  // pipes have no screen to go to
  options.seat = {.may_write = wish.seat != SeatWish::Never, .takes_over = wish.seat == SeatWish::TakeOver, .name = wish.name, .wrote = {}};
  if (wish.had) options.seat.wrote = *wish.had == Seat::Writer;
  return options;
}

// The journal is the truth: a server that just started has not been told of the end by the shim yet.
Result<> check_start(const Terminal& terminal, ByteOffset from, bool comes_back) {
  auto kept = terminal.journal_range();
  if (!kept) kept = journal::Range{};  // it has printed nothing yet
  const ByteOffset end = std::max(kept->end, terminal.end());
  if (from <= end && (from >= kept->begin || comes_back)) return {};
  return fail(Code::InvalidArgument, fmt::format("Of the output only what is from {} to {} is kept.", kept->begin.value, end.value),
              "Attach from an offset between these, or show the screen and go on from there.");
}

}  // namespace

Result<std::shared_ptr<Attachment>> attach(Domain& domain, std::shared_ptr<TerminalHost> host, std::shared_ptr<Terminal> terminal,
                                           std::optional<ByteOffset> from, const ViewerWish& wish,
                                           std::optional<Attachment::Drawn> drawn, TakenOver taken) {
  if (from) TRY(check_start(*terminal, *from, wish.had.has_value()));
  const ByteOffset begin = from.value_or(terminal->end());
  auto options = options_of(domain, *terminal, wish);
  return std::make_shared<ViewerAttachment>(domain, std::move(host), std::move(terminal), begin, std::move(options), std::move(drawn),
                                            std::move(taken));
}

}  // namespace berth::control
