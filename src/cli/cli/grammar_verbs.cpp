#include "cli/grammar_verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/types.hpp"
#include "vt/screen.hpp"

namespace berth::cli {
namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& why) { throw CLI::ValidationError(option, why); }

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

// One verb: its values live in a shared state that its callback hands over.
template <class V>
struct Builder {
  CLI::App* app;
  std::shared_ptr<V> value = std::make_shared<V>();

  Builder(CLI::App& parent, Store& store, const std::string& name, const std::string& help,
          const std::string& examples = {})
      : app(parent.add_subcommand(name, help)) {
    app->footer(examples);
    app->fallthrough();
    app->final_callback([&store, v = value] {
      if constexpr (requires { v->command; }) v->command = store.command;
      store.verb = *v;
    });
  }

  template <class Member>
  CLI::Option* option(const std::string& names, Member V::* member, const std::string& type, const std::string& help) {
    return app->add_option(names, (*value).*member, help)->type_name(type)->option_text(type);
  }
  CLI::Option* choice(Store& store, const std::string& names, std::string V::* member, const Words& words,
                      const std::string& help) {
    auto* made = option(names, member, fmt::format("{}", fmt::join(words, "|")), help);
    store.choices[made] = words;
    return made->check([words, names](const std::string& given) {
      return std::ranges::count(words, given) > 0
                 ? std::string()
                 : fmt::format("expected one of {}, not \"{}\"", fmt::join(words, ", "), given);
    });
  }
  CLI::Option* flag(const std::string& names, bool V::* member, const std::string& help) {
    return app->add_flag(names, (*value).*member, help);
  }
  template <class Set>
  CLI::Option* parsed(const std::string& names, const std::string& type, const std::string& help, Set set) {
    return app
        ->add_option_function<std::string>(
            names, [v = value, set](const std::string& text) { set(*v, text); }, help)
        ->type_name(type)
        ->option_text(type);
  }
  template <class Set>
  void each(const std::string& names, const std::string& type, const std::string& help, Set set) {
    app->add_option_function<Words>(
           names,
           [v = value, set](const Words& texts) {
             for (const auto& text : texts) set(*v, text);
           },
           help)
        ->type_name(type)
        ->option_text(type)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
};

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
                             "berth serve\nberth serve --port 8080\nberth serve --set sandbox.memory_bytes=1GiB");
  add_settings(serve);

  auto* server = root.add_subcommand("server", "Start, stop and look at the server in the background");
  server->fallthrough()->require_subcommand(1);
  Builder<verb::ServerStart> start(*server, store, "start", "Start the server and wait until it is ready",
                                   "berth server start");
  add_settings(start);
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
                               "berth attach build\nberth attach trm_0123456789abcdefghjkmnpqrs");
  attach.option("TARGET", &verb::Attach::target, "", "Sandbox (its newest running terminal), or terminal: id or sandbox/name")
      ->required();
  Builder<verb::ShowScreen> screen(root, store, "screen", "Print what a terminal shows, or showed at an offset of its output",
                                   "berth screen build\nberth screen build --format svg > screen.svg\nberth screen build --json --at 4096");
  screen.option("TARGET", &verb::ShowScreen::target, "", "Sandbox (its newest terminal) or terminal id")->required();
  screen.choice(store, "--format", &verb::ShowScreen::format, {"text", "vt", "json", "svg"}, "As what; text when absent");
  screen.option("--at", &verb::ShowScreen::at, "OFFSET", "Where in the output; now when absent");
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

template <class V, class Member>
void add_time(Builder<V>& b, const std::string& name, Member V::* member, const std::string& help) {
  b.parsed(name, "TIME", help, [name, member](V& v, const std::string& text) {
    v.*member = config::parse_milliseconds(text);
    if (!(v.*member)) refuse(name, fmt::format("expected a time as 5s, not \"{}\"", text));
  });
}

void add_record_verbs(CLI::App& root, Store& store) {
  Builder<verb::History> history(
      root, store, "history", "Show commands that ran: time, exit code, duration, directory",
      "berth history\nberth history build --limit 100\nberth history --failed --slower 5s\n"
      "berth history build/tests --cwd /workspace/src --text 'make ' --json");
  history.option("TARGET", &verb::History::target, "", "Only of this sandbox, or of this terminal (id or sandbox/name)");
  history.option("-n,--limit", &verb::History::limit, "NUMBER", "How many at most (20)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
  history.flag("--failed", &verb::History::failed, "Only those that ended, and not with 0");
  add_time(history, "--slower", &verb::History::slower, "Only those that took at least so long");
  history.option("--cwd", &verb::History::cwd, "DIRECTORY", "Only those in this directory, or below it");
  history.option("--text", &verb::History::text, "TEXT", "Only those whose text has this in it");
  history.flag("--running", &verb::History::running, "Only those that still run");
  history.flag("--full-screen", &verb::History::full_screen, "Only those that used the whole screen, as an editor does");
  history.flag("--untrusted", &verb::History::untrusted, "Only those that were told without the terminal's secret");
  Builder<verb::Grep> grep(root, store, "grep", "Search what terminals printed, also long ago; exit code 1 when nothing matches",
                           "berth grep 'error: .*' build\nberth grep -C 2 'FAILED' build/tests\nberth grep --json -F '[warn]' | jq -r .[].text");
  grep.option("PATTERN", &verb::Grep::pattern, "", "A regular expression (RE2)")->required();
  grep.option("TARGET", &verb::Grep::target, "", "Terminal (id or sandbox/name) or sandbox; all your sandboxes when absent");
  const auto lines = CLI::Range(std::uint32_t{0}, std::uint32_t{100});
  grep.option("-C,--context", &verb::Grep::context, "LINES", "Lines around each match")->check(lines);
  grep.option("-B,--before", &verb::Grep::before, "LINES", "Lines before each match")->check(lines);
  grep.option("-A,--after", &verb::Grep::after, "LINES", "Lines after each match")->check(lines);
  grep.flag("-i,--ignore-case", &verb::Grep::ignore_case, "Upper and lower case are one");
  grep.flag("-F,--fixed", &verb::Grep::literal, "PATTERN is text and no expression");
  grep.option("-n,--limit", &verb::Grep::limit, "NUMBER", "Most matches (1000)")->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
  Builder<verb::Replay> replay(root, store, "replay", "Play what a terminal showed",
                               "berth replay build\nberth replay --speed 2000 build");
  replay
      .option("TARGET", &verb::Replay::target, "", "Sandbox (its newest PTY, else its first terminal), or terminal: id or sandbox/name")
      ->required();
  replay.option("--speed", &verb::Replay::speed, "BYTES", "Bytes in a second; at once when absent")
      ->check(CLI::Range(1.0, 1e12));
  Builder<verb::Logs> logs(root, store, "logs", "Print the output of a terminal",
                           "berth logs build\nberth logs -f build");
  logs.option("TARGET", &verb::Logs::target, "", "Sandbox (its newest PTY, else its first terminal), or terminal: id or sandbox/name")
      ->required();
  logs.flag("-f,--follow", &verb::Logs::follow, "Go on until it ends");
}

// What drives a shell without sitting at it.
void add_drive_verbs(CLI::App& root, Store& store) {
  const char* whose = "Sandbox (its newest running terminal), or terminal: id or sandbox/name";
  Builder<verb::Send> send(root, store, "send", "Type into a terminal: text, a paste, keys by name, in this order",
                           "berth send build --text 'make test' --wait-command\n"
                           "berth send build --key ctrl-c --key up --enter\n"
                           "berth send build --paste script.py");
  send.option("TARGET", &verb::Send::target, "", whose)->required();
  send.option("--text", &verb::Send::text, "TEXT", "Typed as it is");
  send.option("--paste", &verb::Send::paste, "FILE", "Pasted, in brackets where the program asked for them; - is stdin");
  send.each("--key", "KEY", "ctrl-c, up, f5, alt-x, …; may be repeated",
            [](verb::Send& v, const std::string& key) { v.keys.push_back(key); });
  send.flag("--enter", &verb::Send::enter, "The enter key at the end");
  send.flag("--wait-command", &verb::Send::wait_command,
            "Press enter, wait until the command ended, print its output, end with its exit code");
  add_time(send, "--timeout", &verb::Send::timeout, "The longest wait (30s)");

  Builder<verb::Wait> wait(root, store, "wait", "Wait for something in a terminal; exit code 2 when time is over",
                           "berth wait build --pattern 'listening on [0-9]+'\n"
                           "berth wait build --idle 2s --timeout 10m\nberth wait build --exit");
  wait.option("TARGET", &verb::Wait::target, "", whose)->required();
  wait.option("--pattern", &verb::Wait::pattern, "PATTERN", "Until the output has it (a regular expression, RE2)");
  add_time(wait, "--idle", &verb::Wait::idle, "Until there was no output for so long");
  wait.flag("--command", &verb::Wait::command_end, "Until a command ended");
  wait.flag("--exit", &verb::Wait::exit, "Until the terminal ended");
  add_time(wait, "--timeout", &verb::Wait::timeout, "The longest wait (30s)");
  wait.option("--from", &verb::Wait::from, "OFFSET", "Where looking begins; the present end when absent");

  Builder<verb::CommandOutput> output(root, store, "output", "Print what a command wrote, as one saw it",
                                      "berth output build\nberth output build 12 --raw");
  output.option("TARGET", &verb::CommandOutput::target, "", whose)->required();
  output.option("NUMBER", &verb::CommandOutput::number, "", "Of the command, as in the history; last when absent");
  output.flag("--raw", &verb::CommandOutput::raw, "The bytes as they are");
  const auto count = CLI::Range(std::uint32_t{1}, std::uint32_t{1'000'000});
  output.option("--head", &verb::CommandOutput::head, "LINES", "Only the first lines")->check(count);
  output.option("--tail", &verb::CommandOutput::tail, "LINES", "Only the last lines")->check(count);
  output.flag("-f,--follow", &verb::CommandOutput::follow, "As it comes, until the command ends; then end with its exit code");
}

TerminalSize parse_size(const std::string& text) {
  TerminalSize size;
  const auto end = text.data() + text.size();
  const auto cols = std::from_chars(text.data(), end, size.cols);
  if (cols.ec == std::errc{} && cols.ptr != end && *cols.ptr == 'x') {
    const auto rows = std::from_chars(cols.ptr + 1, end, size.rows);
    if (rows.ec == std::errc{} && rows.ptr == end) return size;
  }
  refuse("SIZE", fmt::format("expected COLUMNSxROWS as 120x40, not \"{}\"", text));
}

void add_terminal_changes(CLI::App& terminal, Store& store) {
  const char* whose = "Terminal (id or sandbox/name), or sandbox: its newest";
  Builder<verb::TerminalList> ls(terminal, store, "ls", "List terminals", "berth terminal ls\nberth terminal ls build --all --json");
  ls.option("SANDBOX", &verb::TerminalList::sandbox, "", "Only of this one");
  ls.flag("-a,--all", &verb::TerminalList::all, "Also those that ended");
  Builder<verb::TerminalRename> rename(terminal, store, "rename", "Give a terminal a name; every verb takes it as sandbox/name then",
                                       "berth terminal rename build tests\nberth attach build/tests\nberth terminal rename build/tests ''");
  rename.option("TARGET", &verb::TerminalRename::target, "", whose)->required();
  rename.option("NAME", &verb::TerminalRename::name, "", "Unique in its sandbox; empty takes the name away")->required();
  Builder<verb::TerminalSignal> signal(terminal, store, "signal", "Send a signal to what runs in the foreground",
                                       "berth terminal signal build INT\nberth terminal signal build/tests SIGTERM");
  signal.option("TARGET", &verb::TerminalSignal::target, "", whose)->required();
  signal.option("SIGNAL", &verb::TerminalSignal::signal, "", "INT, TERM, HUP, …, or a number")->required();
  Builder<verb::TerminalResize> resize(terminal, store, "resize", "Tell a terminal its size", "berth terminal resize build 120x40");
  resize.option("TARGET", &verb::TerminalResize::target, "", whose)->required();
  resize.parsed("SIZE", "", "COLUMNSxROWS", [](verb::TerminalResize& v, const std::string& text) {
    const TerminalSize size = parse_size(text);
    v.cols = size.cols;
    v.rows = size.rows;
  })->required();
  Builder<verb::TerminalClose> close(terminal, store, "close", "Hang up; kill what is still there after a grace",
                                     "berth terminal close build\nberth terminal close build/tests --grace 30s");
  close.option("TARGET", &verb::TerminalClose::target, "", whose)->required();
  add_time(close, "--grace", &verb::TerminalClose::grace, "Between the hangup and the kill (5s)");
}

void add_terminal_verbs(CLI::App& root, Store& store) {
  auto* terminal = root.add_subcommand("terminal", "List, name, signal, size and close terminals; look into a terminal's output");
  terminal->fallthrough()->require_subcommand(1);
  Builder<verb::TerminalParse> parse(*terminal, store, "parse",
                                     "Commands and events in raw terminal output, as JSON lines; needs no server",
                                     "berth terminal parse typescript | jq 'select(.type == \"command\")'\n"
                                     "berth terminal parse --nonce 7f3a --chunk 1 < typescript");
  parse.option("FILE", &verb::TerminalParse::file, "", "What a terminal was sent; stdin when absent or -");
  parse.option("--nonce", &verb::TerminalParse::nonce, "TEXT", "Markers without it are not trusted; else all are");
  parse.option("--chunk", &verb::TerminalParse::chunk, "BYTES", "Feed pieces of this size")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30));
  Builder<verb::TerminalRender> render(*terminal, store, "render",
                                       "The screen that raw terminal output leaves; needs no server",
                                       "berth terminal render typescript --cols 120 --rows 40\n"
                                       "berth terminal render typescript --json | jq .cursor\n"
                                       "berth terminal render --svg < typescript > screen.svg");
  render.option("FILE", &verb::TerminalRender::file, "", "What a terminal was sent; stdin when absent or -");
  render.option("--cols", &verb::TerminalRender::cols, "COLUMNS", "Of the terminal (80)")
      ->check(CLI::Range(std::uint16_t{vt::Screen::min_cols}, std::uint16_t{vt::Screen::max_cols}));
  render.option("--rows", &verb::TerminalRender::rows, "ROWS", "Of the terminal (24)")
      ->check(CLI::Range(std::uint16_t{vt::Screen::min_rows}, std::uint16_t{vt::Screen::max_rows}));
  auto* lines = render.flag("--text", &verb::TerminalRender::text, "Its lines, as without any of these");
  auto* stream = render.flag("--vt", &verb::TerminalRender::vt, "The stream that draws it in a terminal just reset");
  auto* image = render.flag("--svg", &verb::TerminalRender::svg, "An image");
  lines->excludes(stream)->excludes(image);
  stream->excludes(image);
  add_terminal_changes(*terminal, store);
}

void add_journal_verbs(CLI::App& root, Store& store) {
  auto* journal = root.add_subcommand("journal", "What is kept of what terminals printed");
  journal->fallthrough()->require_subcommand(1);
  Builder<verb::JournalCheck> check(
      *journal, store, "check",
      "Read journals and say what is damaged, and where; needs no server and changes nothing. Exit code 1: something is",
      "berth journal check\nberth journal check trm_0123456789abcdefghjkmnpqrs --json\nberth journal check /backup/terminals/trm_…");
  check.option("JOURNAL", &verb::JournalCheck::target, "", "Terminal id or directory; every journal of this home when absent");
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
  Builder<verb::KeyList> list(*keys, store, "ls", "List keys that are not revoked", "berth key ls\nberth key ls --all");
  list.option("--user", &verb::KeyList::user, "NAME", "Whose; yours when absent");
  list.flag("--all", &verb::KeyList::all, "Everybody's");
  Builder<verb::KeyRevoke> revoke(*keys, store, "revoke", "Revoke a key, at once",
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
  add_server(*root, store);
  add_events(*root, store);
  add_jobs(*root, store);
  add_people(*root, store);
  add_host_verbs(*root, store);
  return root;
}

}  // namespace berth::cli
