#include "events/timeline.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace berth::events {
namespace {

using boost::asio::awaitable;

constexpr std::uint64_t row_bytes = 256;  // of an event besides its data

std::uint64_t size_of(const store::EventRow& event) { return row_bytes + event.data.size(); }

struct Seen { std::vector<store::EventRow> rows; store::EventRange range; };

}  // namespace

std::shared_ptr<Timeline> Timeline::open(store::Store& store, Settings settings) {
  auto timeline = std::make_shared<Timeline>(Token{}, store, settings);
  store.on_events([weak = std::weak_ptr(timeline)](std::vector<Event> events) {
    if (const auto self = weak.lock()) self->heard(std::move(events));
  });
  return timeline;
}

void Timeline::close() {
  store_.on_events(nullptr);
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Reader* reader : std::exchange(waiting_, {})) reader->ring();
}

std::size_t Timeline::readers() const {
  const std::lock_guard lock(mutex_);
  return readers_;
}

std::shared_ptr<Reader> Timeline::read(boost::asio::any_io_executor executor, Interest interest,
                                       std::optional<std::uint64_t> after, Until until) {
  return std::shared_ptr<Reader>(new Reader(shared_from_this(), std::move(executor), std::move(interest), after, until));
}

// Who waits and does not care has seen these, too.
void Timeline::heard(std::vector<Event> events) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(heard_, true)) before_recent_ = events.front()->id - 1;
  last_ = events.back()->id;
  for (const Event& event : events) recent_bytes_ += size_of(*event);
  std::erase_if(waiting_, [&](Reader* reader) {
    const bool cares = std::ranges::any_of(events, [&](const Event& event) { return reader->interest_.holds(*event); });
    if (cares) reader->ring();
    else reader->position_ = std::max(reader->position_.value_or(0), last_);
    return cares;
  });
  std::ranges::move(events, std::back_inserter(recent_));
  while (recent_bytes_ > settings_.recent_bytes && !recent_.empty()) {
    recent_bytes_ -= size_of(*recent_.front());
    before_recent_ = recent_.front()->id;
    recent_.pop_front();
  }
}

Reader::Reader(std::shared_ptr<Timeline> timeline, boost::asio::any_io_executor executor, Interest interest,
               std::optional<std::uint64_t> after, Until until)
    : timeline_(std::move(timeline)), executor_(std::move(executor)), interest_(std::move(interest)),
      until_(until),
      filter_(interest_.filter), position_(after), alarm_(std::make_shared<Alarm>(executor_)) {
  if (interest_.topics.size() == 1) interest_.topics.front().narrow(filter_);
  const std::lock_guard lock(timeline_->mutex_);
  ++timeline_->readers_;
}

Reader::~Reader() {
  const std::lock_guard lock(timeline_->mutex_);
  timeline_->waiting_.erase(this);
  --timeline_->readers_;
}

// Any thread.
void Reader::ring() {
  boost::asio::post(executor_, [alarm = alarm_] {
    alarm->rung = true;
    alarm->timer.cancel();
  });
}

void Reader::stop() {
  stopped_ = true;
  alarm_->rung = true;
  alarm_->timer.cancel();
}

void Reader::turn_away(Error why) {
  boost::asio::post(executor_, [weak = weak_from_this(), why = std::move(why)]() mutable {
    const auto self = weak.lock();
    if (!self) return;
    self->turned_away_ = std::move(why);
    self->alarm_->rung = true;
    self->alarm_->timer.cancel();
  });
}

Result<> Reader::may_go_on() const {
  if (turned_away_) return std::unexpected(*turned_away_);
  if (stopped_) return fail(Code::Cancelled, "The reader was stopped.");
  return {};
}

awaitable<Result<News>> Reader::next(std::chrono::milliseconds patience) {
  const auto self = shared_from_this();
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    CO_TRY(may_go_on());
    News news;
    switch (look_at_recent(news)) {
      case Look::Found: co_return news;
      case Look::Behind: {
        CO_TRY_ASSIGN(news, co_await look_into_store());
        CO_TRY(may_go_on());
        if (!news.events.empty() || news.gap) co_return news;
        continue;
      }
      case Look::WaitForMore: break;
    }
    if (news.end) co_return news;
    CO_TRY_ASSIGN(const bool more, co_await wait_until(end));
    if (more) continue;
    const std::lock_guard lock(timeline_->mutex_);
    news.position = *position_;  // others' events have moved it on
    co_return news;
  }
}

// Behind: what is in memory begins later, or nothing is known yet. WaitForMore has entered it among those who wait.
Reader::Look Reader::look_at_recent(News& news) {
  Timeline& timeline = *timeline_;
  const std::lock_guard lock(timeline.mutex_);
  if (timeline.closed_) stopped_ = true;
  if (!position_ || (timeline.heard_ && *position_ < timeline.before_recent_)) return Look::Behind;
  if (!caught_up_ && (!timeline.heard_ || *position_ > timeline.last_)) return Look::Behind;
  const auto first = std::ranges::upper_bound(timeline.recent_, *position_, {}, [](const Event& event) { return event->id; });
  for (auto at = first; at != timeline.recent_.end() && news.events.size() < timeline.settings_.page; ++at) {
    position_ = (*at)->id;
    if (interest_.holds(**at)) news.events.push_back(*at);
  }
  news.position = *position_;
  if (!news.events.empty()) return Look::Found;
  news.end = until_ == Until::CaughtUp;
  timeline.waiting_.insert(this);
  return Look::WaitForMore;
}

awaitable<Result<News>> Reader::look_into_store() {
  const std::optional<std::uint64_t> after = position_;
  CO_TRY_ASSIGN(auto seen, co_await timeline_->store_.read(
      [after, filter = filter_, page = timeline_->settings_.page](store::Reader& reader) -> Result<Seen> {
        TRY_ASSIGN(const auto range, reader.event_range(filter.owner));
        if (!after || *after < range.forgotten || *after > range.last) return Seen{{}, range};
        TRY_ASSIGN(auto rows, reader.events(filter, *after, page));
        return Seen{std::move(rows), range};
      }));
  News news;
  std::uint64_t position = seen.range.last;
  if (after && (*after < seen.range.forgotten || *after > seen.range.last)) {
    position = std::min(std::max(*after, seen.range.forgotten), seen.range.last);
    news.gap = Gap{*after, seen.range.forgotten + 1, seen.range.last};
  } else if (seen.rows.size() == timeline_->settings_.page) {
    position = seen.rows.back().id;
  } else {
    caught_up_ = true;
  }
  for (store::EventRow& row : seen.rows)
    if (interest_.holds(row)) news.events.push_back(std::make_shared<const store::EventRow>(std::move(row)));
  news.position = position;
  const std::lock_guard lock(timeline_->mutex_);
  position_ = position;
  co_return news;
}

awaitable<Result<bool>> Reader::wait_until(std::chrono::steady_clock::time_point end) {
  while (!alarm_->rung && std::chrono::steady_clock::now() < end) {
    alarm_->timer.expires_at(end);
    (void)co_await alarm_->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
      co_return fail(Code::Cancelled, "The wait was cancelled.");
  }
  co_return std::exchange(alarm_->rung, false);
}

}  // namespace berth::events
