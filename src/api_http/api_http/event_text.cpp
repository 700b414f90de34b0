#include "api_http/event_text.hpp"

#include <fmt/format.h>

#include "api_http/server.hpp"

namespace berth::api_http {

std::string event_stream_text(const events::News& news) {
  if (news.gap)
    return fmt::format("id: {}\nevent: gap\ndata: {{\"after\":{},\"first\":{},\"last\":{}}}\n\n", news.position, news.gap->after,
                       news.gap->first, news.gap->last);
  if (news.events.empty()) return fmt::format(": nothing new\nid: {}\n\n", news.position);
  std::string out;
  for (const auto& event : news.events) out += fmt::format("id: {}\ndata: {}\n\n", event->id, event_json(*event));
  return out;
}

}  // namespace berth::api_http
