#pragma once
// What a reader of the timeline wants to hear of. A topic is "all", a kind of thing ("sandboxes", "terminals", "commands",
// "sessions", "snapshots"), or the id of one sandbox, terminal or session. Pure.
//
// Example:
//   TRY_ASSIGN(const auto topic, events::Topic::parse("commands"));
//   const events::Interest interest{.filter = {.owner = "local"}, .topics = {topic}};

#include <string>
#include <string_view>
#include <vector>

#include "store/events.hpp"

namespace berth::events {

class Topic {
 public:
  static Result<Topic> parse(std::string_view text);  // InvalidArgument
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool holds(const store::EventRow& event) const;
  // Narrows `filter` where the store can do it.
  void narrow(store::EventFilter& filter) const;

 private:
  enum class Kind { All, Noun, Sandbox, Terminal, Session };
  Topic(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  Kind kind_;
  std::string text_;  // as it was given; of a noun "command." is in noun_
  std::string noun_;
};

// Everything in `filter` and in at least one of the topics; no topics are all.
struct Interest {
  store::EventFilter filter;
  std::vector<Topic> topics;
  [[nodiscard]] bool holds(const store::EventRow& event) const;
};

}  // namespace berth::events
