#include "cli/grammar_verbs.hpp"

#include <fmt/format.h>

#include <charconv>

#include "cli/grammar_builder.hpp"
#include "config/types.hpp"

namespace berth::cli {
namespace {

std::pair<std::string, std::string> split_pair(const std::string& option, const std::string& text) {
  auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) refuse(option, fmt::format("expected NAME=VALUE, not \"{}\"", text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::uint32_t parse_cpus(const std::string& text) {
  double cores = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cores);
  if (error != std::errc{} || end != text.data() + text.size() || !(cores >= 0.001 && cores <= 1024))
    refuse("--cpus", fmt::format("expected a number of cores from 0.001 to 1024, not \"{}\"", text));
  return static_cast<std::uint32_t>(cores * 1000 + 0.5);
}

template <class V>
void add_tty(Builder<V>& b) {
  auto set = [v = b.value](Tty tty) { return [v, tty](std::int64_t) { v->tty = tty; }; };
  auto* yes = b.app->add_flag_function("-t,--tty", set(Tty::Yes), "Use a terminal, even when the input is not one");
  b.app->add_flag_function("-T,--no-tty", set(Tty::No), "Use pipes: stdout and stderr stay apart")->excludes(yes);
}

template <class V>
void add_env(Builder<V>& b) {
  b.each("-e,--env", "NAME=VALUE", "Set a variable of the environment; may be repeated",
         [](V& v, const std::string& text) {
           auto [name, value] = split_pair("--env", text);
           v.env[name] = value;
         });
}

template <class V>
void add_settings(Builder<V>& b) {
  b.parsed("--address", "ADDRESS", "Address to listen on (setting http.address)",
           [](V& v, const std::string& text) { v.settings.emplace_back("http.address", text); });
  b.parsed("--port", "PORT", "Port to listen on; 0 lets the kernel choose (setting http.port)",
           [](V& v, const std::string& text) { v.settings.emplace_back("http.port", text); });
  b.each("--set", "NAME=VALUE", "Any setting, over file and environment; may be repeated",
         [](V& v, const std::string& text) { v.settings.push_back(split_pair("--set", text)); });
}

template <class V>
void add_sandboxes(Builder<V>& b, bool required = true) {
  b.option("SANDBOX", &V::sandboxes, "", "Names or ids")->required(required);
}

void add_server(CLI::App& root, Store& store) {
  Builder<verb::Serve> serve(root, store, "serve", "Run the server in the foreground",
                             "berth serve\nberth serve --port 8080\nberth serve --set sandbox.memory_bytes=1GiB\n"
                             "berth serve --take-over");
  add_settings(serve);
  serve.flag("--take-over", &verb::Serve::take_over, "Take the place of a server of this home that runs, refusing nobody");

  auto* server = root.add_subcommand("server", "Start, stop and look at the server in the background");
  server->fallthrough()->require_subcommand(1);
  Builder<verb::ServerStart> start(*server, store, "start", "Start the server and wait until it is ready",
                                   "berth server start");
  add_settings(start);
  Builder<verb::ServerUpgrade> upgrade(*server, store, "upgrade",
                                       "Start a server that takes the place of the one that runs; no client is refused",
                                       "berth server upgrade");
  add_settings(upgrade);
  Builder<verb::ServerStop> stop(*server, store, "stop", "Stop the server; sandboxes and terminals go on",
                                 "berth server stop");
  stop.parsed("--timeout", "TIME", "How long to wait for it (30s)", [](verb::ServerStop& v, const std::string& text) {
    auto time = config::parse_milliseconds(text);
    if (!time || time->count() < 1000)
      refuse("--timeout", fmt::format("expected a time of at least 1s, not \"{}\"", text));
    v.timeout = std::chrono::duration_cast<std::chrono::seconds>(*time);
  });
  Builder<verb::ServerStatus>(*server, store, "status", "Say whether the server runs, and where",
                              "berth server status --json");
}

void add_run(CLI::App& root, Store& store) {
  Builder<verb::Run> run(
      root, store, "run", "Start a sandbox and run a command in it, or a shell",
      "berth run\nberth run -- python3 -c 'print(6 * 7)'\nberth run --template busybox --rm -- sh -c 'echo hello; exit "
      "7'\n"
      "berth run --name build --memory 2GiB --cpus 1.5 -d -- make -j2\nmake-input | berth run -T -- sort > sorted");
  store.takes_command[run.app] = "[-- COMMAND…]";
  run.option("--template", &verb::Run::template_name, "NAME", "What the sandbox starts from; see `berth template ls`");
  run.option("--name", &verb::Run::name, "NAME", "Name of the sandbox; one is picked when absent");
  run.choice(store, "--isolation", &verb::Run::isolation, {"auto", "gvisor", "container"},
             "How it is isolated; auto is gVisor where it works");
  run.parsed("--memory", "SIZE", "Memory limit, as 512MiB or 2GiB", [](verb::Run& v, const std::string& text) {
    v.memory_bytes = config::parse_bytes(text);
    if (!v.memory_bytes) refuse("--memory", fmt::format("expected a size as 512MiB, not \"{}\"", text));
  });
  run.parsed("--cpus", "NUMBER", "CPU limit in cores, as 1.5",
             [](verb::Run& v, const std::string& text) { v.cpu_millis = parse_cpus(text); });
  run.option("--processes", &verb::Run::processes, "NUMBER", "Most processes and threads");
  add_env(run);
  add_tty(run);
  run.flag("--rm", &verb::Run::remove, "Remove the sandbox when its command ended");
  run.flag("-d,--detach", &verb::Run::detach, "Leave at once; the sandbox goes on");

  Builder<verb::Exec> exec(
      root, store, "exec", "Run a command in a sandbox that runs",
      "berth exec build -- git status\nberth exec build -t -- bash\nberth exec build --json -- ls / | jq -r .stdout");
  store.takes_command[exec.app] = "-- COMMAND…";
  exec.option("SANDBOX", &verb::Exec::sandbox, "", "Name or id")->required();
  exec.option("--cwd", &verb::Exec::cwd, "DIRECTORY", "Where it runs; the workspace when absent");
  add_env(exec);
  add_tty(exec);

  Builder<verb::Attach> attach(root, store, "attach", "Go to a terminal; ctrl-p ctrl-q leaves it again",
                               "berth attach build\nberth attach trm_0123456789abcdefghjkmnpqrs\nberth attach build --from cmd:12");
  attach.option("TARGET", &verb::Attach::target, "", "Sandbox (its newest running terminal), or terminal: id or sandbox/name; or a link of berth share")
      ->required();
  attach.option("--from", &verb::Attach::from, "PLACE",
                "Begin there: an offset, cmd:NUMBER, a time since the beginning (90s) or a moment (RFC 3339)");
  Builder<verb::ShowScreen> screen(root, store, "screen", "Print what a terminal shows, or showed at a place of its output",
                                   "berth screen build\nberth screen build --format svg > screen.svg\nberth screen build --json --at 4096\nberth screen build --at cmd:12");
  screen.option("TARGET", &verb::ShowScreen::target, "", "Sandbox (its newest terminal) or terminal id")->required();
  screen.choice(store, "--format", &verb::ShowScreen::format, {"text", "vt", "json", "svg"}, "As what; text when absent");
  screen.option("--at", &verb::ShowScreen::at, "PLACE", "Where in the output, as of attach; now when absent");
}

void add_sandbox_verbs(CLI::App& root, Store& store) {
  Builder<verb::List> ls(root, store, "ls", "List sandboxes", "berth ls\nberth ls --all --json");
  ls.flag("-a,--all", &verb::List::all, "Also those that ended");
  Builder<verb::Stop> stop(root, store, "stop", "Stop sandboxes: politely, then by force",
                           "berth stop build\nberth stop --grace 30s build test");
  add_sandboxes(stop);
  stop.parsed("--grace", "TIME", "Between the polite and the hard end", [](verb::Stop& v, const std::string& text) {
    v.grace = config::parse_milliseconds(text);
    if (!v.grace) refuse("--grace", fmt::format("expected a time as 5s, not \"{}\"", text));
  });
  Builder<verb::Remove> rm(root, store, "rm", "Remove sandboxes and their files; their history stays",
                           "berth rm build\nberth rm -f build");
  add_sandboxes(rm);
  rm.flag("-f,--force", &verb::Remove::force, "Stop first what still runs");
  Builder<verb::Pause> pause(root, store, "pause", "Freeze sandboxes where they are", "berth pause build");
  add_sandboxes(pause);
  Builder<verb::Resume> resume(root, store, "resume", "Let paused sandboxes go on", "berth resume build");
  add_sandboxes(resume);
  Builder<verb::Stats> stats(root, store, "stats", "Show memory, CPU time and processes",
                             "berth stats\nberth stats --watch build");
  add_sandboxes(stats, false);
  stats.flag("-w,--watch", &verb::Stats::watch, "Again every two seconds, with the CPU's share");
}

void add_jobs(CLI::App& root, Store& store) {
  auto* jobs = root.add_subcommand("jobs", "Background work of the server");
  jobs->fallthrough()->require_subcommand(1);
  Builder<verb::JobList> list(*jobs, store, "ls", "List jobs, the newest first", "berth jobs ls\nberth jobs ls --state dead");
  list.choice(store, "--state", &verb::JobList::state, {"queued", "running", "done", "dead", "cancelled"}, "Only these");
  list.option("--kind", &verb::JobList::kind, "KIND", "Only these, as store.check");
  Builder<verb::JobRetry> retry(*jobs, store, "retry", "Try a job again that failed for good or was cancelled",
                                "berth jobs retry job_0123456789abcdefghjkmnpqrs");
  retry.option("JOB", &verb::JobRetry::job, "", "Its id")->required();
  Builder<verb::JobCancel> cancel(*jobs, store, "cancel", "Cancel a job that has not ended",
                                  "berth jobs cancel job_0123456789abcdefghjkmnpqrs");
  cancel.option("JOB", &verb::JobCancel::job, "", "Its id")->required();
}

void add_people(CLI::App& root, Store& store) {
  auto* users = root.add_subcommand("user", "Who may use this server");
  users->fallthrough()->require_subcommand(1);
  const Words roles{"viewer", "member", "admin"};
  Builder<verb::UserAdd> add(*users, store, "add", "Add a user", "berth user add ada\nberth user add ada --role viewer");
  add.option("NAME", &verb::UserAdd::name, "", "Lower case letters, digits and hyphens")->required();
  add.choice(store, "--role", &verb::UserAdd::role, roles, "viewer: looks; member: makes and uses; admin: all");
  Builder<verb::UserList>(*users, store, "ls", "List users", "berth user ls");
  Builder<verb::UserChange> change(*users, store, "role", "Give a user another role", "berth user role ada viewer");
  change.option("NAME", &verb::UserChange::name, "", "Of the user")->required();
  change.choice(store, "ROLE", &verb::UserChange::role, roles, "The new role")->required();
  Builder<verb::UserDisable> disable(*users, store, "disable", "Take no key of a user any more; what runs goes on",
                                     "berth user disable ada");
  disable.option("NAME", &verb::UserDisable::name, "", "Of the user")->required();
  Builder<verb::UserEnable> enable(*users, store, "enable", "Take the keys of a disabled user again", "berth user enable ada");
  enable.option("NAME", &verb::UserEnable::name, "", "Of the user")->required();

  auto* keys = root.add_subcommand("key", "Keys of the API");
  keys->fallthrough()->require_subcommand(1);
  Builder<verb::KeyCreate> create(*keys, store, "create", "Make a key and print it, once",
                                  "berth key create --label ci --scope run --expires 30d\nberth key create --user ada");
  create.option("--user", &verb::KeyCreate::user, "NAME", "Whose it is; yours when absent");
  create.option("--label", &verb::KeyCreate::label, "TEXT", "What it is for");
  create.option("--scope", &verb::KeyCreate::scopes, "SCOPE", "read, run or admin, again for more; all that the user may when absent");
  create.option("--expires", &verb::KeyCreate::expires, "TIME", "From now, as 12h or 30d; never when absent");
  Builder<verb::Share> share(root, store, "share", "Make a link that shows one terminal and opens nothing else, and print it, once",
                             "berth share build --expires 1h\nberth share build/tests --label demo");
  share.option("TARGET", &verb::Share::target, "", "Sandbox (its newest running terminal), or terminal: id or sandbox/name")->required();
  share.option("--expires", &verb::Share::expires, "TIME", "From now, as 12h or 30d; never when absent");
  share.option("--label", &verb::Share::label, "TEXT", "What it is for");
  Builder<verb::KeyList> list(*keys, store, "ls", "List keys and links that are not revoked", "berth key ls\nberth key ls --all");
  list.option("--user", &verb::KeyList::user, "NAME", "Whose; yours when absent");
  list.flag("--all", &verb::KeyList::all, "Everybody's");
  Builder<verb::KeyRevoke> revoke(*keys, store, "revoke", "Revoke a key or link, at once: who watches with it is sent away",
                                  "berth key revoke key_0123456789abcdefghjkmnpqrs");
  revoke.option("KEY", &verb::KeyRevoke::key, "", "Its id")->required();
}

void add_events(CLI::App& root, Store& store) {
  Builder<verb::Events> events(root, store, "events", "What happened: sandboxes, terminals and commands, each with an id",
                               "berth events\nberth events --follow\nberth events dev --since 1200 --json");
  events.option("SANDBOX", &verb::Events::sandbox, "", "Name or id; only its own");
  events.option("--topic", &verb::Events::topic, "TOPIC", "sandboxes, terminals, commands, sessions, or the id of one");
  events.flag("--follow,-f", &verb::Events::follow, "Go on with what happens, also across a restart of the server");
  events.option("--since", &verb::Events::since, "ID", "Only what comes after this one; all that is kept when absent");
}

void add_host_verbs(CLI::App& root, Store& store) {
  auto* templates = root.add_subcommand("template", "What sandboxes start from");
  templates->fallthrough()->require_subcommand(1);
  Builder<verb::TemplateList>(*templates, store, "ls", "List templates", "berth template ls");
  Builder<verb::TemplateBuild> build(*templates, store, "build", "Build a template, with progress",
                                     "berth template build debian");
  build.option("NAME", &verb::TemplateBuild::name, "", "Of the template")->required();
  build.flag("--rebuild", &verb::TemplateBuild::rebuild, "Also when it is there already");
  Builder<verb::TemplateRemove> rm(*templates, store, "rm", "Remove a built template", "berth template rm busybox");
  rm.option("NAME", &verb::TemplateRemove::name, "", "Of the template")->required();

  auto* config = root.add_subcommand("config", "The settings of this home");
  config->fallthrough()->require_subcommand(1);
  Builder<verb::ConfigShow>(*config, store, "show", "Every setting, its value and where that comes from",
                            "berth config show");
  Builder<verb::ConfigCheck>(*config, store, "check", "Say everything that is wrong with the configuration",
                             "berth config check");
  Builder<verb::ConfigReference>(*config, store, "reference", "The reference page of all settings (Markdown)",
                                 "berth config reference");

  Builder<verb::Doctor>(root, store, "doctor", "Look at this machine and say what to do about each problem",
                        "berth doctor\nberth doctor --json");
  Builder<verb::Completion> completion(root, store, "completion", "Print the completion of a shell",
                                       "source <(berth completion bash)\nberth completion zsh > ~/.zfunc/_berth\n"
                                       "berth completion fish > ~/.config/fish/completions/berth.fish");
  completion.choice(store, "SHELL", &verb::Completion::shell, {"bash", "zsh", "fish"}, "Which shell")->required();
  Builder<verb::Reference> reference(root, store, "reference",
                                     "Print reference pages: docs/cli.md, berth(1), berth-config(5)");
  reference.choice(store, "FORM", &verb::Reference::form, {"markdown", "man", "settings-man"}, "As what")->required();
  reference.app->group("");  // for packagers: not in the help
  Builder<verb::Version>(root, store, "version", "Print the versions of this program and of the server",
                         "berth version --json");
}

}  // namespace

std::unique_ptr<CLI::App> make_app(Store& store) {
  auto root =
      std::make_unique<CLI::App>("Sandboxes for coding agents, with terminals that survive everything", "berth");
  root->require_subcommand(1);
  root->footer(
      "berth run                          a shell in a new sandbox\nberth run --rm -- python3 script.py  one command\n"
      "berth ls                           what runs\nberth attach NAME                  back to a terminal");
  root->add_flag("--json", store.global.json, "Answer with JSON: objects as the API gives them");
  root->add_option("--home", store.global.home, "Home of the server (BERTH_HOME, else ~/.local/share/berth)")
      ->option_text("DIRECTORY");
  root->add_option("--url", store.global.url, "Server elsewhere (BERTH_URL, with its key in BERTH_KEY)")
      ->option_text("URL");
  root->add_flag_callback("--version", [] { throw CLI::CallForVersion(); }, "Print the version");
  add_run(*root, store);
  add_sandbox_verbs(*root, store);
  add_record_verbs(*root, store);
  add_drive_verbs(*root, store);
  add_terminal_verbs(*root, store);
  add_journal_verbs(*root, store);
  add_session_verbs(*root, store);
  add_snapshot_verbs(*root, store);
  add_server(*root, store);
  add_events(*root, store);
  add_jobs(*root, store);
  add_people(*root, store);
  add_host_verbs(*root, store);
  return root;
}

}  // namespace berth::cli
