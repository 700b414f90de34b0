#include "events/topic.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace berth::events {
namespace {

// What a list of things is called, and how the types of its events begin.
constexpr std::array nouns = {std::pair{"sandboxes", "sandbox."}, std::pair{"terminals", "terminal."},
                              std::pair{"commands", "command."}, std::pair{"sessions", "session."},
                              std::pair{"snapshots", "snapshot."}};

template <class IdType>
bool same(const std::optional<IdType>& wanted, const std::optional<IdType>& id) {
  return !wanted || wanted == id;
}

}  // namespace

Result<Topic> Topic::parse(std::string_view text) {
  if (text == "all") return Topic(Kind::All, "all");
  for (const auto& [name, prefix] : nouns) {
    if (text != name) continue;
    Topic topic(Kind::Noun, name);
    topic.noun_ = prefix;
    return topic;
  }
  if (SandboxId::looks_like(text)) return Topic(Kind::Sandbox, std::string(text));
  if (TerminalId::looks_like(text)) return Topic(Kind::Terminal, std::string(text));
  if (SessionId::looks_like(text)) return Topic(Kind::Session, std::string(text));
  return fail(Code::InvalidArgument, "There is no such topic.",
              "A topic is all, sandboxes, terminals, commands, sessions, snapshots, or the id of a sandbox, terminal or session.");
}

bool Topic::holds(const store::EventRow& event) const {
  switch (kind_) {
    case Kind::All: return true;
    case Kind::Noun: return event.type.starts_with(noun_);
    case Kind::Sandbox: return event.sandbox && event.sandbox->str() == text_;
    case Kind::Terminal: return event.terminal && event.terminal->str() == text_;
    case Kind::Session: return event.session && event.session->str() == text_;
  }
  return false;
}

void Topic::narrow(store::EventFilter& filter) const {
  if (kind_ == Kind::Sandbox && !filter.sandbox) filter.sandbox = *SandboxId::parse(text_);
  if (kind_ == Kind::Terminal && !filter.terminal) filter.terminal = *TerminalId::parse(text_);
  if (kind_ == Kind::Session && !filter.session) filter.session = *SessionId::parse(text_);
}

bool Interest::holds(const store::EventRow& event) const {
  return event.owner == filter.owner && same(filter.sandbox, event.sandbox) && same(filter.terminal, event.terminal) &&
         same(filter.session, event.session) &&
         (topics.empty() || std::ranges::any_of(topics, [&](const Topic& topic) { return topic.holds(event); }));
}

}  // namespace berth::events
