#include "cli/targets.hpp"

#include <boost/json/value.hpp>

#include <fmt/format.h>

#include "base/id.hpp"
#include "cli/json.hpp"
#include "client/terminal.hpp"

namespace berth::cli {
namespace json = boost::json;

std::string sandbox_path(const std::string& sandbox, const std::string& below) {
  return "/v1/sandboxes/" + client::percent_encode(sandbox) + below;
}

bool names_terminal(const std::string& target) { return TerminalId::looks_like(target) || target.contains('/'); }

const json::object* choose_terminal(const json::array& terminals, Want want) {
  const json::object* best = nullptr;
  bool best_is_pty = false;
  for (const json::value& item : terminals) {
    const json::object* terminal = item.if_object();
    if (terminal == nullptr || (want == Want::Running && !flag_of(*terminal, "running"))) continue;
    bool is_pty = text_of(*terminal, "kind") == "pty";
    if (!is_pty && (best_is_pty || (want == Want::Any && best != nullptr))) continue;
    best = terminal;
    best_is_pty = is_pty;
  }
  return best;
}

Result<json::object> find_terminal(const Context& context, const std::string& target, Want want) {
  if (names_terminal(target)) {
    TRY_ASSIGN(auto terminal, client::Terminal(context.api(), target).state());
    return std::move(terminal.document);
  }
  TRY_ASSIGN(json::value answer, context.api().get(sandbox_path(target, "/terminals")));
  TRY_ASSIGN(json::array terminals, items_of(answer));
  if (const json::object* found = choose_terminal(terminals, want)) return *found;
  return fail(Code::NotFound,
              fmt::format("No terminal {} in {}.", want == Want::Running ? "runs" : "was started", target),
              fmt::format("Start a shell there: berth exec {} -t -- sh", target));
}

}  // namespace berth::cli
