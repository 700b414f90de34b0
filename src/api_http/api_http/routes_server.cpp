// The routes about the server itself and its templates.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

Result<control::Action> plan_build_template(Call& call) {
  TRY_ASSIGN(auto action, read_body<control::BuildTemplate>(call.body));
  action.name = call.part("name");
  return action;
}

void add_pages(std::vector<Route>& table) {
  const auto add = [&](std::string_view pattern, std::string_view operation, std::string_view summary, Answer answer, Page page) {
    table.push_back({.method = "GET", .pattern = pattern, .operation = operation, .summary = summary,
                     .query = {}, .body = {}, .answer = std::move(answer), .page = page});
  };
  add("/healthz", "health", "The process answers", {200, "text/plain", {}, "It does.", {}}, Page::Health);
  add("/readyz", "ready", "Recovery is done and requests are served", {200, "text/plain", {}, "They are; 503 before.", {}},
      Page::Ready);
  add("/metrics", "metrics", "Figures for Prometheus", {200, "text/plain; version=0.0.4", {}, "All of them.", {}}, Page::Metrics);
  add("/openapi.json", "document", "This document", {200, "application/json", {{"type", "object"}}, "OpenAPI 3.1.", {}},
      Page::Document);
}

}  // namespace

void add_server_routes(std::vector<Route>& table) {
  add_pages(table);
  table.push_back({.method = "GET", .pattern = "/v1/info", .operation = "get_info", .summary = "The server and what it holds",
                   .query = {}, .body = {}, .answer = one<control::ServerInfo>("The server."),
                   .plan = [](Call&) -> Result<control::Action> { return control::GetServerInfo{}; },
                   .respond = respond_one<control::ServerInfo>});
  table.push_back({.method = "GET", .pattern = "/v1/templates", .operation = "list_templates",
                   .summary = "What a sandbox can start from",
                   .query = {}, .body = {}, .answer = items<control::TemplateInfo>("Every template."),
                   .plan = [](Call&) -> Result<control::Action> { return control::ListTemplates{}; },
                   .respond = respond_items<control::TemplateInfo>});
  table.push_back({.method = "POST", .pattern = "/v1/templates/{name}/build", .operation = "build_template",
                   .summary = "Build a template; answers when it is built",
                   .query = {}, .body = json_body<control::BuildTemplate>(),
                   .answer = one<control::TemplateInfo>("The template."),
                   .plan = plan_build_template, .respond = respond_one<control::TemplateInfo>});
  table.push_back({.method = "DELETE", .pattern = "/v1/templates/{name}", .operation = "remove_template",
                   .summary = "Remove what was built for a template",
                   .query = {}, .body = {}, .answer = nothing("It is gone."),
                   .plan = [](Call& call) -> Result<control::Action> { return control::RemoveTemplate{call.part("name")}; },
                   .respond = respond_nothing});
}

}  // namespace berth::api_http
