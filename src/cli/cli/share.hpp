#pragma once
// Links to one terminal: what `berth share` prints and `berth attach` takes. URL/v1/terminals/ID/attach#KEY, or ID#KEY for the
// server that the command line talks to anyway. What follows # never leaves the client but as a key.

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "cli/context.hpp"

namespace berth::cli {

struct Link {
  std::string server;    // URL; "": the one of the context
  std::string terminal;  // id
  std::string key;
};
// Empty for what is no link at all; InvalidArgument for one that is broken. Pure.
[[nodiscard]] Result<std::optional<Link>> parse_link(std::string_view text);
[[nodiscard]] std::string link_text(const Link& link);

Result<int> attach_link(const Context& context, const Link& link, const std::string& from);

// "--expires" into the body of a key.
Result<> add_expiry(boost::json::object& body, const std::string& text);

}  // namespace berth::cli
