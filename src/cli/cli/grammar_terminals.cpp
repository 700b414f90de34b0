// The verbs of terminals: looking back, driving, changing, recordings and journals.

#include <charconv>

#include "cli/grammar_builder.hpp"
#include "vt/screen.hpp"

namespace berth::cli {
namespace {

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
    v.size = parse_size(text);
  })->required();
  Builder<verb::TerminalClose> close(terminal, store, "close", "Hang up; kill what is still there after a grace",
                                     "berth terminal close build\nberth terminal close build/tests --grace 30s");
  close.option("TARGET", &verb::TerminalClose::target, "", whose)->required();
  add_time(close, "--grace", &verb::TerminalClose::grace, "Between the hangup and the kill (5s)");
}

void add_recording_verbs(CLI::App& terminal, Store& store) {
  Builder<verb::TerminalExport> out(terminal, store, "export", "Write what a terminal showed: a recording, text, its bytes or a page",
                                    "berth terminal export build -o build.cast\nberth terminal export build --format html -o build.html\n"
                                    "berth terminal export build --format text --from cmd:12 --to cmd:12");
  out.option("TARGET", &verb::TerminalExport::target, "", "Sandbox (its newest PTY, else its first terminal) or terminal id")->required();
  out.choice(store, "--format", &verb::TerminalExport::format, {"asciicast-v2", "asciicast-v3", "text", "raw", "html"}, "As what; asciicast-v2 when absent");
  out.option("-o,--output", &verb::TerminalExport::output, "FILE", "Into this file; stdout when absent or -");
  out.option("--from", &verb::TerminalExport::from, "PLACE", "Where it begins: an offset, cmd:NUMBER, a time since the beginning (90s) or a moment (RFC 3339)");
  out.option("--to", &verb::TerminalExport::to, "PLACE", "Where it ends");
  out.flag("--input", &verb::TerminalExport::input, "A cast with what was typed, where that was kept (journal.record_input)");
  Builder<verb::TerminalImport> in(terminal, store, "import", "Make a terminal of an asciicast: it can be replayed, searched and exported",
                                   "berth terminal import demo.cast --name demo\nberth replay demo");
  in.option("FILE", &verb::TerminalImport::file, "", "An asciicast, version 2 or 3; - is stdin")->required();
  in.option("--name", &verb::TerminalImport::name, "NAME", "Name of the sandbox that holds it; one is picked when absent");
}

}  // namespace

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
  Builder<verb::Replay> replay(
      root, store, "replay",
      "Play what a terminal showed, in time. Space pauses, . and the arrows step, + and - change the speed, q leaves; "
      "where the output is no terminal all of it is printed at once",
      "berth replay build --speed 4 --idle-limit 1s\nberth replay build --from cmd:12\nberth replay demo.cast --from 90s");
  replay.option("TARGET", &verb::Replay::target, "", "Sandbox (its newest PTY, else its first terminal), terminal (id or sandbox/name), or an asciicast file (a name with a dot)")
      ->required();
  replay.option("--speed", &verb::Replay::speed, "FACTOR", "So many times as fast (1)")->check(CLI::Range(0.01, 1000.0));
  replay.parsed("--idle-limit", "TIME", "No pause is longer than this", [](verb::Replay& v, const std::string& text) {
    v.idle_limit = config::parse_milliseconds(text);
    if (!v.idle_limit) refuse("--idle-limit", fmt::format("expected a time as 1s, not \"{}\"", text));
  });
  replay.option("--from", &verb::Replay::from, "PLACE", "Where it begins: an offset, cmd:NUMBER, a time since the beginning (90s) or a moment (RFC 3339)");
  replay.option("--to", &verb::Replay::to, "PLACE", "Where it ends");
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
  add_recording_verbs(*terminal, store);
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

}  // namespace berth::cli
