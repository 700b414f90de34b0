#include "base/signal_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <string>

namespace berth {
namespace {

struct Named {
  std::string_view name;
  int number;
};
constexpr std::array names{
    Named{"HUP", SIGHUP},   Named{"INT", SIGINT},   Named{"QUIT", SIGQUIT}, Named{"ILL", SIGILL},   Named{"TRAP", SIGTRAP},
    Named{"ABRT", SIGABRT}, Named{"BUS", SIGBUS},   Named{"FPE", SIGFPE},   Named{"KILL", SIGKILL}, Named{"USR1", SIGUSR1},
    Named{"SEGV", SIGSEGV}, Named{"USR2", SIGUSR2}, Named{"PIPE", SIGPIPE}, Named{"ALRM", SIGALRM}, Named{"TERM", SIGTERM},
    Named{"CHLD", SIGCHLD}, Named{"CONT", SIGCONT}, Named{"STOP", SIGSTOP}, Named{"TSTP", SIGTSTP}, Named{"TTIN", SIGTTIN},
    Named{"TTOU", SIGTTOU}, Named{"WINCH", SIGWINCH}};
constexpr int max_number = 64;

}  // namespace

Result<int> signal_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= max_number) return number;
  std::string upper(text.substr(0, 16));
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
  std::string_view name = upper;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  const auto found = std::ranges::find(names, name, &Named::name);
  if (found != names.end() && text.size() <= upper.size()) return found->number;
  return fail(Code::InvalidArgument, "This is not a signal.",
              "Signals are INT, TERM, HUP, QUIT, KILL, STOP, CONT, TSTP, USR1, USR2, WINCH, …, or a number from 1 to 64.");
}

}  // namespace berth
