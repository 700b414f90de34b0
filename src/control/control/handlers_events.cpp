// The timeline as its owner sees it.

#include <boost/asio/post.hpp>

#include "aio/event.hpp"
#include "control/service_impl.hpp"

namespace berth::control {
namespace {

class OwnersDesk final : public EventDesk, public std::enable_shared_from_this<OwnersDesk> {
 public:
  OwnersDesk(std::shared_ptr<events::Timeline> timeline, boost::asio::any_io_executor executor, std::string owner, std::size_t most)
      : timeline_(std::move(timeline)), executor_(std::move(executor)), owner_(std::move(owner)), most_(most), told_(executor_) {}
  boost::asio::any_io_executor executor() const override { return executor_; }
  std::size_t most_topics() const override { return most_; }
  Result<std::shared_ptr<events::Reader>> follow(std::string_view text, std::optional<std::uint64_t> after) override {
    TRY_ASSIGN(auto topic, events::Topic::parse(text));
    events::Interest interest{.filter = {.owner = owner_, .sandbox = {}, .terminal = {}, .session = {}}, .topics = {}};
    interest.topics.push_back(std::move(topic));
    return timeline_->read(executor_, std::move(interest), after);
  }
  void turn_away(Error why) override {
    boost::asio::post(executor_, [weak = weak_from_this(), why = std::move(why)]() mutable {
      const auto self = weak.lock();
      if (!self) return;
      self->why_ = std::move(why);
      self->told_.notify();
    });
  }
  boost::asio::awaitable<Result<Error>> turned_away() override {
    const auto self = shared_from_this();
    while (!why_) CO_TRY(co_await told_.wait());
    co_return *why_;
  }

 private:
  std::shared_ptr<events::Timeline> timeline_;
  boost::asio::any_io_executor executor_;
  std::string owner_;
  std::size_t most_;
  aio::Event told_;
  std::optional<Error> why_;
};

// A subject that is gone still has its timeline; another owner's is not there.
Result<> check_subjects(store::Reader& reader, const store::EventFilter& filter) {
  if (filter.terminal) {
    const auto row = reader.terminal(*filter.terminal);
    if (!row && row.error().code != Code::NotFound) return std::unexpected(row.error());
    if (!row || row->owner != filter.owner) return fail(Code::NotFound, "There is no such terminal.");
  }
  if (filter.session) {
    const auto row = reader.session(*filter.session);
    if (!row && row.error().code != Code::NotFound) return std::unexpected(row.error());
    if (!row || row->owner != filter.owner) return fail(Code::NotFound, "There is no such session.");
  }
  return {};
}

}  // namespace

ServiceImpl::Answer ServiceImpl::handle(Caller caller, FollowEvents action) {
  const std::size_t most = domain_.parts.settings.events_topics;
  if (action.topics.size() > most)
    co_return fail(Code::InvalidArgument, "There are more topics than " + std::to_string(most) + ".");
  events::Interest interest{.filter = {.owner = caller.owner, .sandbox = {}, .terminal = {}, .session = action.session},
                            .topics = {}};
  for (const std::string& text : action.topics) {
    CO_TRY_ASSIGN(auto topic, events::Topic::parse(text));
    interest.topics.push_back(std::move(topic));
  }
  if (const auto id = SandboxId::parse(action.sandbox)) {
    interest.filter.sandbox = *id;
  } else if (!action.sandbox.empty()) {
    CO_TRY_ASSIGN(const auto row, co_await finder_.row(caller.owner, action.sandbox));
    interest.filter.sandbox = row.id;
  }
  if (action.terminal) {
    CO_TRY_ASSIGN(interest.filter.terminal, co_await finder_.terminal_id(caller.owner, *action.terminal));
  }
  CO_TRY(co_await domain_.parts.store->read([filter = interest.filter](store::Reader& reader) { return check_subjects(reader, filter); }));
  auto reader = timeline_->read(co_await boost::asio::this_coro::executor, std::move(interest), action.after, action.until);
  CO_TRY_ASSIGN(reader, keep_open(caller, store::Permission::Read, std::move(reader)));
  co_return Outcome{std::move(reader)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, OpenEvents) {
  std::shared_ptr<EventDesk> desk = std::make_shared<OwnersDesk>(timeline_, co_await boost::asio::this_coro::executor,
                                                                 caller.owner, domain_.parts.settings.events_topics);
  CO_TRY_ASSIGN(desk, keep_open(caller, store::Permission::Read, std::move(desk)));
  co_return Outcome{std::move(desk)};
}

}  // namespace berth::control
