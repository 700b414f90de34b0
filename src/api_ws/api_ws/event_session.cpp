// A page that follows topics of the timeline over one WebSocket. Each topic is a task with a reader of its own; a frame is
// sent before its topic's next events are asked for, so that a slow page costs a page of events for each topic.

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <map>

#include "aio/task_group.hpp"
#include "api_ws/control_frame.hpp"
#include "api_ws/event_frame.hpp"
#include "api_ws/line.hpp"
#include "api_ws/session.hpp"

namespace berth::api_ws {

namespace {

namespace asio = boost::asio;

class EventSession final : public Session, public std::enable_shared_from_this<EventSession> {
 public:
  EventSession(Granted granted, const Settings& settings, const Words& words, log::Logger log)
      : settings_(settings), words_(words), log_(log), granted_(std::move(granted)), tasks_(granted_.desk->executor()),
        line_(std::make_shared<Line>(granted_.desk->executor(), std::move(granted_.connection), settings, std::move(log),
                                     granted_.request_id)) {}

  asio::any_io_executor executor() const override { return tasks_.executor(); }
  void restart() override { line_->restart(); }
  void abort() override { line_->abort(); }

  asio::awaitable<void> run() override {
    using namespace asio::experimental::awaitable_operators;
    const auto self = shared_from_this();
    try {
      if (co_await line_->accept(granted_.handshake_key, granted_.names_protocol ? "berth.events.v1" : ""))
        co_await (obey_frames() || line_->until_ended() || until_turned_away());
    } catch (const std::exception& defect) {
      log_.error("a page's connection failed", {{"request_id", granted_.request_id}, {"what", std::string_view(defect.what())}});
    }
    line_->abort();
    stop_topics();
    (void)co_await tasks_.stop(settings_.idle);
    granted_.desk.reset();
  }

 private:
  asio::awaitable<void> obey_frames() {
    while (const auto text = co_await line_->receive()) {
      Result<> done = fail(Code::InvalidArgument, "A frame must be text.");
      if (line_->got_text()) done = co_await obey(*text);
      if (done) continue;
      if (done.error().code == Code::Cancelled) co_return;
      if (!co_await line_->send(error_frame(done.error().code, words_.sentence(done.error())))) co_return;
    }
  }

  // Nothing of the timeline is sent after the reason.
  asio::awaitable<void> until_turned_away() {
    const auto why = co_await granted_.desk->turned_away();
    if (!why) co_return;
    stop_topics();
    if (co_await line_->send(error_frame(why->code, words_.sentence(*why)))) co_await line_->close(boost::beast::websocket::close_code::policy_error);
  }

  void stop_topics() {
    for (const auto& [topic, reader] : topics_) reader->stop();
    topics_.clear();
    closed_ = true;
  }

  asio::awaitable<Result<>> obey(std::string_view text) {
    CO_TRY_ASSIGN(const auto frame, parse_event_frame(text));
    std::string answer = pong_frame();
    if (const auto* wanted = std::get_if<Subscribe>(&frame)) {
      CO_TRY_ASSIGN(const auto reader, begin(*wanted));
      tasks_.spawn(pump(shared_from_this(), wanted->topic, reader));
      co_return Result<>{};  // the topic's first frame says so
    }
    if (const auto* unwanted = std::get_if<Unsubscribe>(&frame)) {
      const auto found = topics_.find(unwanted->topic);
      if (found == topics_.end()) co_return fail(Code::NotFound, "This topic is not followed.");
      found->second->stop();
      topics_.erase(found);
      answer = topic_frame("unsubscribed", unwanted->topic);
    }
    if (!co_await line_->send(std::move(answer))) co_return fail(Code::Cancelled, "The connection was lost.");
    co_return Result<>{};
  }

  Result<std::shared_ptr<events::Reader>> begin(const Subscribe& wanted) {
    if (closed_) return fail(Code::Cancelled, "The connection ends.");
    if (topics_.contains(wanted.topic)) return fail(Code::AlreadyExists, "This topic is followed already.");
    if (topics_.size() >= granted_.desk->most_topics())
      return fail(Code::ResourceExhausted, "This connection follows as many topics as it may.", "Unsubscribe from another one.");
    TRY_ASSIGN(auto reader, granted_.desk->follow(wanted.topic, wanted.after));
    topics_.emplace(wanted.topic, reader);
    return reader;
  }

  // Nothing of a topic is sent after its "unsubscribed": whoever stops a reader takes it out of topics_ first.
  [[nodiscard]] bool followed(const std::string& topic, const std::shared_ptr<events::Reader>& reader) const {
    const auto found = topics_.find(topic);
    return found != topics_.end() && found->second == reader;
  }

  static asio::awaitable<void> pump(std::shared_ptr<EventSession> self, std::string topic, std::shared_ptr<events::Reader> reader) {
    bool sent = co_await self->line_->send(topic_frame("subscribed", topic));
    std::optional<std::uint64_t> told;
    while (sent && self->followed(topic, reader)) {
      const auto news = co_await reader->next(self->settings_.heartbeat);
      if (!self->followed(topic, reader)) co_return;
      if (!news) {
        if (news.error().code == Code::Cancelled) co_return;
        self->log_.error("events could not be read", {{"request_id", self->granted_.request_id}, {"error", news.error()}});
        self->topics_.erase(topic);
        (void)co_await self->line_->send(topic_error_frame(topic, news.error().code, self->words_.sentence(news.error())));
        co_return;
      }
      if (news->gap) sent = co_await self->line_->send(gap_frame(topic, *news->gap, news->position));
      for (const auto& event : news->events) {
        if (!sent || !self->followed(topic, reader)) co_return;
        sent = co_await self->line_->send(event_frame(topic, self->words_.event_json(*event)));
      }
      if (news->events.empty() && !news->gap && told != news->position)
        sent = co_await self->line_->send(position_frame(topic, news->position));
      told = news->position;
    }
  }

  const Settings& settings_;
  const Words& words_;
  log::Logger log_;
  Granted granted_;
  aio::TaskGroup tasks_;
  std::shared_ptr<Line> line_;
  std::map<std::string, std::shared_ptr<events::Reader>> topics_;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Session> Session::open_events(Granted granted, const Settings& settings, const Words& words, log::Logger log) {
  return std::make_shared<EventSession>(std::move(granted), settings, words, std::move(log));
}

}  // namespace berth::api_ws
