#include "api_http/event_text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "api_http/server.hpp"
#include "base/utf8.hpp"

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

std::string closed_stream_text(const Error& why) {
  const boost::json::object said{{"code", to_string(why.code)}, {"detail", public_message(why)}, {"hint", to_utf8(why.hint)}};
  return fmt::format("event: closed\ndata: {}\n\n", boost::json::serialize(said));
}

}  // namespace berth::api_http
