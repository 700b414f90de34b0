#include "terminals/seats.hpp"

#include <algorithm>
#include <utility>

namespace berth::terminals {

Seats::Seats(Settings settings) : settings_(settings) {
  if (settings_.restarted) restart_over_ = *settings_.restarted + settings_.grace;
}

Seats::News Seats::enter(Id viewer, Request request, SteadyTime now) {
  News news = expire(now);
  const bool claims = this->claims(request, now);
  const bool waits = request.wrote == false && settling(now);
  const bool known = !settling(now);
  const auto& place = places_.emplace(viewer, Place{std::move(request), {}}).first->second;
  if (!place.request.may_write) return news;
  if (claims) give(viewer, Why::Resumed, true, news);
  else if (place.request.takes_over) give(viewer, Why::TakenOver, true, news);
  else if (state_ == State::Free && !waits) give(viewer, Why::Came, known, news);
  return news;
}

// The same viewer on another connection, also while the old one seems to live: its network may have gone in silence.
bool Seats::claims(const Request& request, SteadyTime now) const {
  if (!request.wrote || request.name.empty()) return false;
  if (state_ != State::Free && request.name == name_) return true;
  return *request.wrote && settling(now) && (state_ == State::Free || !firm_);
}

Seats::News Seats::leave(Id viewer, Leaving how, SteadyTime now) {
  News news;
  places_.erase(viewer);
  if (state_ != State::Held || writer_ != viewer) return news;
  if (how == Leaving::Lost && !name_.empty() && settings_.grace.count() > 0) {
    state_ = State::Kept;
    kept_until_ = now + settings_.grace;
    return news;
  }
  state_ = State::Free;
  give_to_first(news);
  return news;
}

Seats::News Seats::take_over(Id viewer) {
  News news;
  const auto found = places_.find(viewer);
  if (found == places_.end() || !found->second.request.may_write) return news;
  if (state_ != State::Held || writer_ != viewer) give(viewer, Why::TakenOver, true, news);
  return news;
}

Seats::News Seats::expire(SteadyTime now) {
  News news;
  if (state_ == State::Kept && now >= kept_until_) state_ = State::Free;
  if (restart_over_ && now >= *restart_over_) {
    restart_over_.reset();
    firm_ = true;
  }
  if (state_ == State::Free && !restart_over_) give_to_first(news);
  return news;
}

void Seats::say_size(Id viewer, TerminalSize size) {
  if (const auto found = places_.find(viewer); found != places_.end()) found->second.size = size;
}

void Seats::give(Id viewer, Why why, bool firm, News& news) {
  if (state_ == State::Held) news.push_back({writer_, false, why});
  state_ = State::Held;
  writer_ = viewer;
  firm_ = firm;
  name_ = places_.at(viewer).request.name;
  news.push_back({viewer, true, why});
}

void Seats::give_to_first(News& news) {
  const auto first = std::ranges::find_if(places_, [](const auto& entry) { return entry.second.request.may_write; });
  if (first != places_.end()) give(first->first, Why::Freed, !restart_over_.has_value(), news);
}

std::optional<Seats::Id> Seats::writer() const {
  if (state_ != State::Held) return std::nullopt;
  return writer_;
}

std::optional<SteadyTime> Seats::deadline() const {
  if (state_ == State::Kept) return restart_over_ ? std::min(kept_until_, *restart_over_) : kept_until_;
  return restart_over_;
}

std::optional<TerminalSize> Seats::size() const {
  if (settings_.size_by == SizeBy::Writer) {
    const auto found = state_ == State::Held ? places_.find(writer_) : places_.end();
    return found == places_.end() ? std::nullopt : found->second.size;
  }
  std::optional<TerminalSize> least;
  for (const auto& [id, place] : places_) {
    if (!place.request.may_write || !place.size) continue;
    if (!least) least = place.size;
    least->cols = std::min(least->cols, place.size->cols);
    least->rows = std::min(least->rows, place.size->rows);
  }
  return least;
}

std::string_view to_string(Seats::State state) {
  switch (state) {
    case Seats::State::Free: return "free";
    case Seats::State::Held: return "held";
    case Seats::State::Kept: return "kept";
  }
  return "";
}

std::string_view to_string(Seats::Why why) {
  switch (why) {
    case Seats::Why::Came: return "came";
    case Seats::Why::Resumed: return "resumed";
    case Seats::Why::TakenOver: return "taken_over";
    case Seats::Why::Freed: return "freed";
  }
  return "";
}

}  // namespace berth::terminals
