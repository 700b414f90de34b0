#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

#include "cli/actions.hpp"
#include "cli/follow.hpp"
#include "cli/json.hpp"
#include "cli/server.hpp"
#include "cli/share.hpp"
#include "cli/targets.hpp"
#include "os/process.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::uint64_t recent_bytes = 256u << 10;  // of the output, for a pipe that is attached

json::array words_json(const std::vector<std::string>& words) {
  json::array out;
  for (const auto& word : words) out.emplace_back(word);
  return out;
}

json::object env_json(const std::map<std::string, std::string>& env) {
  json::object out;
  for (const auto& [name, value] : env) out[name] = value;
  return out;
}

json::object create_body(const verb::Run& verb) {
  json::object body, limits;
  if (!verb.template_name.empty()) body["template"] = verb.template_name;
  if (!verb.name.empty()) body["name"] = verb.name;
  if (!verb.isolation.empty()) body["isolation"] = verb.isolation;
  if (verb.memory_bytes) limits["memory_bytes"] = *verb.memory_bytes;
  if (verb.cpu_millis) limits["cpu_millis"] = *verb.cpu_millis;
  if (verb.processes) limits["processes"] = *verb.processes;
  if (!limits.empty()) body["limits"] = std::move(limits);
  if (!verb.env.empty()) body["env"] = env_json(verb.env);
  if (verb.remove) body["remove_on_exit"] = true;
  return body;
}

bool wants_pty(const Context& context, Tty tty) {
  return tty == Tty::Yes || (tty == Tty::Auto && at_terminal(context));
}

// A program draws with what the person's terminal understands.
void add_terminal_type(const Context& context, json::object& env) {
  std::string_view type = os::env_value(context.environment, "TERM");
  if (!type.empty() && !env.contains("TERM")) env["TERM"] = type;
}

struct Command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  std::string cwd;
  bool pty = false;
};

Result<json::object> start_terminal(const Context& context, const std::string& sandbox, const Command& command) {
  json::object env = env_json(command.env);
  json::object body{{"kind", command.pty ? "pty" : "pipes"}};
  if (!command.argv.empty()) body["argv"] = words_json(command.argv);
  if (!command.cwd.empty()) body["cwd"] = command.cwd;
  if (command.pty) {
    TerminalSize size = own_size(context).value_or(TerminalSize{});
    body["cols"] = size.cols;
    body["rows"] = size.rows;
    add_terminal_type(context, env);
  }
  if (!env.empty()) body["env"] = std::move(env);
  TRY_ASSIGN(json::value terminal, context.api().post(sandbox_path(sandbox, "/terminals"), std::move(body)));
  return object_of(terminal);
}

Result<Followed> follow_new(const Context& context, const json::object& terminal, const std::string& name, bool pty) {
  return follow(context, {.terminal = text_of(terminal, "id"), .name = name, .from = ByteOffset{0}, .pty = pty});
}

// With --json: the whole of it as one object, once it ended.
Result<json::value> exec_whole(const Context& context, const std::string& sandbox, const Command& command) {
  json::object body{{"argv", words_json(command.argv)}};
  if (!command.env.empty()) body["env"] = env_json(command.env);
  if (!command.cwd.empty()) body["cwd"] = command.cwd;
  return context.api().post(sandbox_path(sandbox, "/exec"), std::move(body), std::chrono::milliseconds{0});
}

Result<int> run_json(const Context& context, const json::object& sandbox, const Command& command) {
  TRY_ASSIGN(json::value result, exec_whole(context, text_of(sandbox, "id"), command));
  int code = static_cast<int>(number_of(object_of(result), "exit_code"));
  context.output.print_json(json::object{{"sandbox", sandbox}, {"result", std::move(result)}});
  return code;
}

Result<int> run_detached(const Context& context, const json::object& sandbox, const Command& command) {
  TRY_ASSIGN(json::object terminal, start_terminal(context, text_of(sandbox, "id"), command));
  std::string name = text_of(sandbox, "name");
  if (context.output.json()) {
    context.output.print_json(json::object{{"sandbox", sandbox}, {"terminal", std::move(terminal)}});
  } else {
    context.output.print(name + "\n");
    context.output.note(fmt::format("It runs. To it: berth attach {}; its output: berth logs {}", name, name));
  }
  return Success;
}

Result<json::object> create_sandbox(const Context& context, const verb::Run& verb) {
  Progress progress(context.output, "Starting a sandbox");
  TRY_ASSIGN(json::value sandbox, context.api().post("/v1/sandboxes", create_body(verb)));
  return object_of(sandbox);
}

// The server removes it by itself once its last terminal ended, also when nobody waits here; but who ran it with --rm
// expects that it is gone when this returns.
void wait_removed(const Context& context, const json::object& sandbox) {
  Progress progress(context.output, "Removing the sandbox");
  auto removed = context.api().remove(sandbox_path(text_of(sandbox, "id"), "?force=true"));
  if (!removed && removed.error().code != Code::NotFound)
    context.output.note(fmt::format("Sandbox {} is not removed yet: {}", text_of(sandbox, "name"), removed.error().message));
}

}  // namespace

Result<int> run(const Context& context, const verb::Run& verb) {
  if (context.output.json() && !verb.detach && verb.command.empty())
    return fail(Code::InvalidArgument, "With --json run needs a command, or --detach.",
                "The command stands after --: berth run --json -- ls");
  TRY(ensure_server(context));
  TRY(ensure_template(context, verb.template_name));
  TRY_ASSIGN(json::object sandbox, create_sandbox(context, verb));
  Command command{.argv = verb.command, .pty = verb.detach ? verb.tty != Tty::No : wants_pty(context, verb.tty)};
  if (verb.detach) return run_detached(context, sandbox, command);
  if (context.output.json()) {
    auto code = run_json(context, sandbox, command);
    if (verb.remove) wait_removed(context, sandbox);
    return code;
  }
  std::string name = text_of(sandbox, "name");
  TRY_ASSIGN(json::object terminal, start_terminal(context, text_of(sandbox, "id"), command));
  TRY_ASSIGN(Followed followed, follow_new(context, terminal, name, command.pty));
  if (verb.remove && !followed.left) wait_removed(context, sandbox);
  if (!verb.remove && !followed.left && at_terminal(context))
    context.output.note(fmt::format("Sandbox {} goes on. Into it: berth exec {} -t -- sh; away with it: berth rm -f {}",
                                    name, name, name));
  return followed.code;
}

Result<int> exec(const Context& context, const verb::Exec& verb) {
  Command command{.argv = verb.command, .env = verb.env, .cwd = verb.cwd, .pty = wants_pty(context, verb.tty)};
  if (context.output.json()) {
    TRY_ASSIGN(json::value result, exec_whole(context, verb.sandbox, command));
    context.output.print_json(result);
    return static_cast<int>(number_of(object_of(result), "exit_code"));
  }
  TRY_ASSIGN(json::object terminal, start_terminal(context, verb.sandbox, command));
  TRY_ASSIGN(Followed followed, follow_new(context, terminal, verb.sandbox, command.pty));
  return followed.code;
}

Result<int> attach(const Context& context, const verb::Attach& verb) {
  if (context.output.json())
    return fail(Code::InvalidArgument, "attach has no JSON form.", "berth logs prints what a terminal showed.");
  TRY_ASSIGN(const auto link, parse_link(verb.target));
  if (link) return attach_link(context, *link, verb.from);
  const bool earlier = !verb.from.empty();  // then also one that has ended
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, earlier ? Want::Any : Want::Running));
  FollowOptions options{.terminal = text_of(terminal, "id"), .name = verb.target, .from = {}, .at = verb.from,
                        .pty = text_of(terminal, "kind") == "pty"};
  if (!earlier && options.pty && at_terminal(context)) {  // as it is, then what comes after it
    TRY_ASSIGN(const auto screen, context.api().screen(options.terminal, "vt"));
    options.from = ByteOffset{screen.offset};
    options.drawn = screen.data;
  } else if (!earlier) {
    const auto end = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(terminal, "end")));
    options.from = ByteOffset{end > recent_bytes ? end - recent_bytes : 0};
  }
  TRY_ASSIGN(Followed followed, follow(context, options));
  return followed.code;
}

Result<int> show_screen(const Context& context, const verb::ShowScreen& verb) {
  TRY_ASSIGN(const json::object terminal, find_terminal(context, verb.target, Want::Any));
  const std::string format = context.output.json() ? "json" : verb.format;
  TRY_ASSIGN(const auto screen, context.api().screen(text_of(terminal, "id"), format, verb.at));
  context.output.print(screen.data);
  if (format == "json") context.output.print("\n");
  return Success;
}

}  // namespace berth::cli
