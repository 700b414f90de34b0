// The routes about visits of snapshots. A GET never counts one.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

Result<Action> plan_visit(Call& call) {
  control::VisitSnapshot action;
  TRY_ASSIGN(action.target.snapshot, call.snapshot());
  TRY_ASSIGN(action.target.token, call.token());
  return action;
}

Result<Action> plan_list(Call& call) {
  control::ListVisits action;
  auto& filter = action.filter;
  filter.title = call.text("title").value_or("");
  action.after = call.text("after").value_or("");
  TRY_ASSIGN(filter.gone, call.choice("gone"));
  TRY_ASSIGN(filter.from, call.time("from"));
  TRY_ASSIGN(filter.until, call.time("until"));
  TRY_ASSIGN(action.limit, call.small("limit", 20));
  const auto order = call.text("order"), direction = call.text("direction");
  if (order && *order != "title" && *order != "first" && *order != "last")
    return fail(Code::InvalidArgument, "An order is title, first or last.");
  if (order)
    filter.order = *order == "title" ? store::VisitOrder::Title : *order == "first" ? store::VisitOrder::First : store::VisitOrder::Last;
  if (direction && *direction != "up" && *direction != "down") return fail(Code::InvalidArgument, "A direction is up or down.");
  const bool up = direction ? *direction == "up" : filter.order == store::VisitOrder::Title;
  filter.direction = up ? store::Direction::Up : store::Direction::Down;
  return action;
}

Result<Action> plan_forget(Call& call) {
  TRY_ASSIGN(auto id, call.snapshot());
  return control::ForgetVisit{std::move(id)};
}

Response respond_list(control::Outcome&& outcome) {
  const auto& page = std::get<snapshots::Visits>(outcome);
  return json_response(json::object{{"items", write_all(page.rows)}, {"next", page.next}});
}

}  // namespace

void add_visit_routes(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/v1/snapshots/{snapshot}/visits", .operation = "visit_snapshot",
                   .summary = "Count a visit, at most one in a while; its owner's is none", .query = {}, .body = {},
                   .answer = one<snapshots::Visit>("The visit, and what there is to see."), .plan = plan_visit, .respond = respond_one<snapshots::Visit>});
  table.push_back({.method = "GET", .pattern = "/v1/visits", .operation = "list_visits", .summary = "Snapshots that you visited",
                   .query = {{"title", schema::text(), "Part of the title.", false},
                             {"gone", schema::boolean(), "Only those that were removed; false: only those that are there.", false},
                             {"from", schema::time(), "Of the time that it is ordered by.", false},
                             {"until", schema::time(), "The same.", false},
                             {"order", schema::one_of({"title", "first", "last"}), "last when absent.", false},
                             {"direction", schema::one_of({"up", "down"}), "When absent titles go up, times down.", false},
                             {"limit", schema::integer(100, 1), "Rows of one page; 20 when absent.", false},
                             {"after", schema::text(), "`next` of the page before.", false}},
                   .body = {}, .answer = page_of<store::VisitRow>("Visits."), .plan = plan_list, .respond = respond_list});
  table.push_back({.method = "DELETE", .pattern = "/v1/visits/{snapshot}", .operation = "forget_visit",
                   .summary = "Remove a snapshot from your list; the next visit brings it back", .query = {}, .body = {},
                   .answer = nothing("It is not in the list."), .plan = plan_forget, .respond = respond_nothing});
}

}  // namespace berth::api_http
