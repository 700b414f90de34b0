#pragma once
// Events as the lines of a stream of server-sent events: "id", then "data" with one line of JSON; a gap is an event named
// "gap", and why the server ends the stream one named "closed". Nothing new is a comment with the position, from which a client
// goes on. Private to api_http; pure.
// Source: HTML Living Standard, section 9.2.

#include <string>

#include "events/timeline.hpp"

namespace berth::api_http {

[[nodiscard]] std::string event_stream_text(const events::News& news);
[[nodiscard]] std::string closed_stream_text(const Error& why);  // {"code", "detail", "hint"}

}  // namespace berth::api_http
