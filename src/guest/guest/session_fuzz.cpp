// What a broken or hostile shim may send: requests in any order, on a session whose processes are pipes that we hold. The
// first byte picks how often the children end and speak.

#include <fcntl.h>
#include <stdlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>

#include "guest/session.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"

namespace {

using namespace berth;
using namespace berth::guest;

class PipeProcesses final : public Processes {
 public:
  explicit PipeProcesses(unsigned habit) : habit_(habit) {}
  Result<Child> start(const wire::StartProcess& request) override {
    if (request.argv_size() == 0 || started_ == 50) return fail_errno(ENOENT, "exec");
    Child child{.pid = ++started_ + 1000};
    auto in = os::make_pipe(O_NONBLOCK), out = os::make_pipe(O_NONBLOCK), error = os::make_pipe(O_NONBLOCK);
    if (!in || !out || !error) return fail_errno(EMFILE, "pipe2");
    child.input = std::move(in->write);
    child.output = std::move(out->read);
    child.error = std::move(error->read);
    (void)os::write_some(out->write.get(), request.argv(0));
    (void)os::write_some(error->write.get(), "error");
    if (habit_ % 2 == 0) inner_.push_back(std::move(out->write));
    if (habit_ % 3 == 0) inner_.push_back(std::move(in->read));
    running_.push_back(child.pid);
    return child;
  }
  void signal(pid_t, int) override {}
  void signal_all(int) override {}
  std::optional<std::pair<pid_t, Exit>> reap() override {
    if (running_.empty() || ++asked_ % (1 + habit_ % 5) != 0) return std::nullopt;
    const pid_t pid = running_.front();
    running_.pop_front();
    return std::pair{pid, Exit{Exited{static_cast<int>(habit_)}}};
  }
  bool none_left() override { return running_.empty(); }

 private:
  unsigned habit_, asked_ = 0;
  pid_t started_ = 0;
  std::deque<pid_t> running_;
  std::vector<UniqueFd> inner_;
};

struct Root {
  Root() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-fuzz-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Root() { (void)os::remove_tree(path); }
  std::string path;
};

void drain(int fd) {
  static std::array<char, 1 << 16> buffer;
  for (;;) {
    const auto got = os::receive_with_fds(fd, buffer);
    if (!got || !*got || (*got)->bytes == 0) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Root root;
  if (size < 2) return 0;
  auto pair = os::socket_pair();
  auto epoll = os::Epoll::open();
  auto files = Files::open(root.path, "/");
  if (!pair || !epoll || !files) return 0;
  auto in = os::duplicate(pair->second.get());
  auto channel = Channel::open(std::move(*in), std::move(pair->second));
  if (!channel || !os::set_nonblocking(pair->first.get())) return 0;
  PipeProcesses processes(data[0]);
  Session session(*channel, *epoll, processes, std::move(*files));
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  std::array<epoll_event, 16> events;
  while (!rest.empty()) {
    const auto sent = os::write_some(pair->first.get(), rest.substr(0, 4096));
    if (!sent || !*sent) return 0;
    rest.remove_prefix(**sent);
    if (!channel->receive() || !session.handle_frames()) return 0;
    const auto ready = epoll->wait(events, std::chrono::milliseconds{0});
    for (const epoll_event& event : *ready)
      if (!session.ready(event.data.u64)) return 0;
    if (!session.reap() || !channel->flush() || !session.channel_drained()) return 0;
    drain(pair->first.get());
  }
  return 0;
}
