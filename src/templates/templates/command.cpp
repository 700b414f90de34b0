#include "templates/command.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/process.hpp"

namespace berth::templates {
namespace {

constexpr std::size_t tail_bytes = 2048;

class Lines {
 public:
  explicit Lines(const Progress& progress) : progress_(progress) {}

  void take(std::string_view bytes) {
    tail_.append(bytes);
    if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
    for (const char c : bytes) {
      if (c != '\n' && c != '\r') {
        if (line_.size() < tail_bytes) line_ += c;
      } else if (!line_.empty()) {
        progress_(line_);
        line_.clear();
      }
    }
  }
  [[nodiscard]] const std::string& tail() const { return tail_; }

 private:
  const Progress& progress_;
  std::string line_;
  std::string tail_;
};

std::unexpected<Error> tool_error(Code code, const std::string& tool, std::string message, std::string said) {
  return pass(Error{.code = code,
                    .message = std::move(message),
                    .hint = "The server's log has what " + tool + " said.",
                    .operation = tool,
                    .subject = std::move(said)});
}

Result<> check_installed(const std::string& tool) {
  const auto env = os::own_environment();
  if (os::find_executable(tool, os::env_value(env, "PATH"))) return {};
  return fail(Code::FailedPrecondition, tool + " is not installed.", "Install it: apt install " + tool + ".");
}

}  // namespace

Result<> run_tool(const std::vector<std::string>& argv, const Progress& progress, std::chrono::milliseconds limit) {
  const auto& tool = argv.front();
  TRY(check_installed(tool));
  TRY_ASSIGN(auto output, os::make_pipe());
  os::SpawnSpec command;
  command.argv = {"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"};
  command.argv.insert(command.argv.end(), argv.begin(), argv.end());
  command.env = os::own_environment();
  command.fds = {{output.write.get(), 1}, {output.write.get(), 2}};
  command.new_session = true;
  TRY_ASSIGN(auto child, os::Process::spawn(command));
  output.write.reset();

  const auto until = std::chrono::steady_clock::now() + limit;
  Lines lines(progress);
  std::array<char, 8192> chunk;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto patience = std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds{0}, longest_silence);
    TRY_ASSIGN(const bool ready, os::wait_ready(output.read.get(), POLLIN, patience));
    if (!ready) {
      TRY(child.kill(SIGKILL));  // unshare takes its whole namespace with it
      return tool_error(Code::Timeout, tool, tool + (left <= longest_silence ? " took too long." : " stopped making progress."), lines.tail());
    }
    TRY_ASSIGN(const auto got, os::read_some(output.read.get(), chunk));
    if (!got) continue;
    if (*got == 0) break;
    lines.take({chunk.data(), *got});
  }
  TRY_ASSIGN(const auto exit, child.wait());
  if (exit == Exit{Exited{0}}) return {};
  return tool_error(Code::FailedPrecondition, tool, tool + " failed: " + to_string(exit) + ".", lines.tail());
}

}  // namespace berth::templates
