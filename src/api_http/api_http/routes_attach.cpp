// The route that becomes a WebSocket. What the words mean: docs/api.md, "WebSocket berth.terminal.v1".

#include <algorithm>

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

constexpr std::size_t longest_name = 64;  // of a viewer

std::unexpected<Error> not_one_of(std::string_view name, std::string_view words) {
  return fail(Code::InvalidArgument, "The parameter \"" + std::string(name) + "\" is none of " + std::string(words) + ".");
}

bool is_name(std::string_view text) {
  return text.size() <= longest_name && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

Result<> plan_start(const Call& call, control::AttachTerminal& action) {
  TRY_ASSIGN(const auto from, call.number("from"));
  if (from) action.from = ByteOffset{*from};
  action.at = call.text("at").value_or("");
  if (from && !action.at.empty()) return fail(Code::InvalidArgument, "Of \"from\" and \"at\" only one can be where to begin.");
  return {};
}

Result<> plan_flow(const Call& call, control::ViewerWish& wish) {
  TRY_ASSIGN(wish.acknowledges, call.flag("acknowledge"));
  TRY_ASSIGN(wish.answers, call.flag("answers"));
  const auto slow = call.text("slow").value_or("");
  if (slow == "skip") wish.slow = control::Slow::Skip;
  else if (slow == "wait") wish.slow = control::Slow::Wait;
  else if (!slow.empty()) return not_one_of("slow", "skip and wait");
  return {};
}

Result<> plan_seat(const Call& call, control::ViewerWish& wish) {
  const auto seat = call.text("seat").value_or("write"), had = call.text("had").value_or("");
  if (seat == "read") wish.seat = control::SeatWish::Never;
  else if (seat == "take") wish.seat = control::SeatWish::TakeOver;
  else if (seat != "write") return not_one_of("seat", "write, read and take");
  if (had == "writer") wish.had = control::Seat::Writer;
  else if (had == "reader") wish.had = control::Seat::Reader;
  else if (!had.empty()) return not_one_of("had", "writer and reader");
  wish.name = call.text("viewer").value_or("");
  if (!is_name(wish.name))
    return fail(Code::InvalidArgument, "The parameter \"viewer\" must have at most 64 letters, digits, - and _.");
  if (wish.had && wish.seat == control::SeatWish::TakeOver)
    return fail(Code::InvalidArgument, "A viewer that comes back does not take over.", "Take over with a frame when a person asks for it.");
  return {};
}

Result<Action> plan_attach(Call& call) {
  auto terminal = call.terminal();
  control::AttachTerminal action{.terminal = std::move(terminal)};
  TRY(plan_start(call, action));
  TRY(plan_flow(call, action.wish));
  TRY(plan_seat(call, action.wish));
  return action;
}

}  // namespace

void add_attach_route(std::vector<Route>& table) {
  table.push_back(
      {.method = "GET", .pattern = "/v1/terminals/{terminal}/attach", .operation = "attach_terminal",
       .summary = "Watch and use a terminal: WebSocket berth.terminal.v1",
       .query = {{"from", schema::whole(), "Offset of the first byte; only what comes from now on when absent.", false},
                 {"at", schema::text(), "Begin at a place: an offset, cmd:NUMBER, a time since the beginning (90s) or a moment (RFC 3339); for who acknowledges with the screen there.", false},
                 {"acknowledge", schema::boolean(), "The client acknowledges what it has taken, and understands news.", false},
                 {"slow", schema::one_of({"skip", "wait"}), "When it does not follow: on to the current screen, or every byte late.", false},
                 {"seat", schema::one_of({"write", "read", "take"}), "Type when nobody does, only read, or take over.", false},
                 {"viewer", schema::text(), "The client's own name, the same over its connections.", false},
                 {"had", schema::one_of({"writer", "reader"}), "It comes back after a lost connection, and was this.", false},
                 {"answers", schema::boolean(), "Its terminal answers what programs ask terminals.", false}},
       .body = {}, .answer = {101, "", {}, "The connection is a WebSocket from here on.", {}}, .plan = plan_attach});
}

}  // namespace berth::api_http
