#pragma once
// What the verbs about sessions share. Private to cli.

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>

#include "cli/context.hpp"

namespace berth::cli {

// By id, or by title when only one has it (letters' case aside). Errors: NotFound, InvalidArgument when several have it.
Result<boost::json::object> find_session(const Context& context, const std::string& named);
[[nodiscard]] std::string session_path(const boost::json::object& session, const std::string& rest = {});
// A request with what every change says: which version it was made from (0: none), by which client, and a new key of its own.
[[nodiscard]] client::Request session_change(std::string method, std::string target, std::uint64_t version);
Result<boost::json::object> changed_session(const Context& context, const client::Request& request);
// {"items": […]} as text.
Result<boost::json::array> parse_items(const std::string& body);
// The session itself with --json, else the sentence.
Result<int> tell_session(const Context& context, const boost::json::object& session, const std::string& sentence);

}  // namespace berth::cli
