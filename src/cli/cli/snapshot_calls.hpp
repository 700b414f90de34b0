#pragma once
// What the verbs about snapshots share. Private to cli.

#include <boost/json/object.hpp>

#include <chrono>
#include <functional>
#include <string>

#include "cli/context.hpp"

namespace berth::cli {

inline constexpr std::chrono::milliseconds snapshot_timeout{3'600'000};  // of what reads or writes all of one

struct SnapshotLink { std::string id, token; };  // "ID" or "ID#TOKEN"
// Errors: InvalidArgument: it is none.
Result<SnapshotLink> parse_snapshot_link(std::string_view text);
// By id, or by title when only one of one's own has it (letters' case aside). Errors: NotFound, InvalidArgument when several have it.
Result<std::string> find_snapshot(const Context& context, const std::string& named);
// With the token, and a key of its own that makes a repeated request one.
[[nodiscard]] client::Request snapshot_request(std::string method, const SnapshotLink& link, const std::string& rest);
Result<boost::json::object> snapshot_answer(const Context& context, client::Request request, const boost::json::object* body = nullptr);
// Beside the file until it is whole: what was there before stays when it fails. "" or "-" is stdout.
Result<> write_whole(const Context& context, const std::string& path, const std::function<Result<>(int fd)>& write);

}  // namespace berth::cli
