#include "shim/shim_testing.hpp"

#include <csignal>
#include <poll.h>
#include <pthread.h>

#include "crypto/crypto.hpp"
#include "journal/cursor.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"
#include "shim/spec.hpp"

namespace berth::shim::testing {
namespace {

class FakeDriver final : public sandbox::Driver {
 public:
  explicit FakeDriver(std::shared_ptr<FakeSandbox> sandbox) : sandbox_(std::move(sandbox)) {}
  [[nodiscard]] sandbox::Channel channel() const override { return sandbox_->kind; }
  Result<sandbox::Started> start() override {
    TRY(sandbox_->start_result);
    return std::move(sandbox_->started);
  }
  Result<> pause() override { ++sandbox_->pauses; return {}; }
  Result<> resume() override { ++sandbox_->resumes; return {}; }
  Result<sandbox::Usage> usage() override {
    return sandbox::Usage{.memory_limit = 512 << 20, .oom_kills = sandbox_->oom_kills};
  }
  Result<> destroy() override {
    ++sandbox_->destroyed;
    if (!sandbox_->process.running()) return {};
    TRY(sandbox_->process.kill(SIGKILL));
    TRY(sandbox_->process.wait());
    return {};
  }

 private:
  std::shared_ptr<FakeSandbox> sandbox_;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().describe());
  return *std::move(result);
}

void must(const Result<>& result) {
  if (!result) throw std::runtime_error(result.error().describe());
}

os::Process spawn_init(FakeSandbox& sandbox, int in, int out) {
  os::SpawnSpec spec{.argv = {BERTH_INIT}, .env = os::own_environment(), .fds = {{in, 0}, {out, 1}, {2, 2}}};
  auto process = must(os::Process::spawn(spec));
  sandbox.init.close();
  return process;
}

}  // namespace

Peer::Peer(UniqueFd socket) : in_(std::move(socket)), out_(must(os::duplicate(in_.get()))) {}

void Peer::send(const google::protobuf::MessageLite& message, const std::vector<int>& fds) {
  std::string bytes;
  wire::append_frame(message, bytes);
  send_raw(bytes, fds);
}

void Peer::send_raw(std::string_view bytes, const std::vector<int>& fds) {
  if (!fds.empty()) {
    const auto sent = must(os::send_with_fds(out_.get(), bytes, fds));
    bytes.remove_prefix(sent.value_or(0));
  }
  // A peer that is gone is seen when it is read.
  if (auto written = os::write_all(out_.get(), bytes); !written) return;
}

bool Peer::next(google::protobuf::MessageLite& message) {
  for (;;) {
    if (const auto payload = reader_.next()) {
      must(wire::parse_frame(*payload, message));
      return true;
    }
    if (!must(os::wait_ready(in_.get(), POLLIN, patience))) throw std::runtime_error("nothing came in time");
    char buffer[64 << 10];
    const auto got = os::read_some(in_.get(), buffer);
    if (!got || (*got && **got == 0)) return false;
    if (*got) must(reader_.feed({buffer, **got}));
  }
}

bool Peer::at_end() {
  char buffer[64 << 10];
  for (;;) {
    if (!must(os::wait_ready(in_.get(), POLLIN, patience))) return false;
    const auto got = os::read_some(in_.get(), buffer);
    if (!got || (*got && **got == 0)) return true;
  }
}

void Peer::close() {
  in_.reset();
  out_.reset();
}

FakeSandbox::FakeSandbox(sandbox::Channel k) : kind(k) {
  if (kind == sandbox::Channel::PtyHandover) {
    auto [ours, theirs] = must(os::socket_pair());
    init = Peer(std::move(ours));
    started.to_init = must(os::duplicate(theirs.get()));
    started.from_init = std::move(theirs);
  } else {
    auto to = must(os::make_pipe()), from = must(os::make_pipe());
    init = Peer(std::move(to.read), std::move(from.write));
    started.to_init = std::move(to.write);
    started.from_init = std::move(from.read);
  }
}

Home::Home() {
  std::string pattern = (std::filesystem::temp_directory_path() / "berth-shim-XXXXXX").string();
  dir_ = ::mkdtemp(pattern.data());
  std::filesystem::create_directory(terminals());
}

Home::~Home() { std::filesystem::remove_all(dir_); }

wire::ShimSpec Home::spec() const {
  wire::ShimSpec spec;
  spec.set_version(1);
  spec.set_sandbox_id(SandboxId::from_bits(std::array<std::byte, 16>{std::byte{1}}).str());
  spec.set_sandbox_dir(dir_);
  spec.set_terminals_dir(terminals());
  spec.set_secret(std::string(secret_bytes, 's'));
  spec.set_cgroup_parent("/berth/test");
  spec.set_send_buffer_bytes(256 << 10);
  return must(checked(spec));
}

Shim::Shim(Setup setup)
    : spec(home.spec()), sandbox(std::make_shared<FakeSandbox>(setup.channel)), real_(setup.init == Init::Real) {
  if (setup.change) setup.change(spec);
  if (real_) {
    if (setup.channel == sandbox::Channel::PtyHandover) {
      sandbox->process = spawn_init(*sandbox, sandbox->init.in(), sandbox->init.in());
    } else {
      auto to = must(os::make_pipe()), from = must(os::make_pipe());
      sandbox->process = spawn_init(*sandbox, to.read.get(), from.write.get());
      sandbox->started.to_init = std::move(to.write);
      sandbox->started.from_init = std::move(from.read);
    }
  }
  if (setup.prepare) setup.prepare(*sandbox);
  auto [ours, theirs] = must(os::socket_pair());
  link = Peer(std::move(ours));
  supervisor_ = must(Supervisor::open({.spec = spec,
                                       .link = std::move(theirs),
                                       .open_driver = [this]() -> Result<std::unique_ptr<sandbox::Driver>> {
                                         return std::make_unique<FakeDriver>(sandbox);
                                       },
                                       .clock = &clock_}));
  thread_ = std::thread([this] {
    ended_ = supervisor_->run();
    supervisor_.reset();
  });
  if (!setup.ready) return;
  if (!real_) {
    wire::FromInit ready;
    ready.mutable_ready()->set_version(1);
    sandbox->init.send(ready);
  }
  welcome = await(wire::FromShim::kWelcome);
}

Shim::~Shim() {
  if (!thread_.joinable()) return;
  terminate();
  end_init();
  thread_.join();
}

void Shim::terminate() { ::pthread_kill(thread_.native_handle(), SIGTERM); }

const ExitRecord& Shim::join() {
  if (thread_.joinable()) thread_.join();
  if (!ended_) throw std::runtime_error(ended_.error().describe());
  return *ended_;
}

Peer Shim::connect_raw() { return Peer(must(os::connect_unix(home.dir() / "shim.sock"))); }

Peer Shim::connect(bool prove) {
  Peer peer = connect_raw();
  wire::FromShim challenge;
  if (!peer.next(challenge) || !challenge.has_challenge()) throw std::runtime_error("no challenge");
  const auto mac = crypto::hmac_sha256(prove ? spec.secret() : "wrong", "berth-shim-v1" + challenge.challenge().nonce());
  wire::ToShim proof;
  proof.mutable_proof()->set_mac(reinterpret_cast<const char*>(mac.data()), mac.size());
  peer.send(proof);
  if (prove) welcome = await(peer, wire::FromShim::kWelcome);
  return peer;
}

wire::FromShim Shim::await(Peer& peer, wire::FromShim::MessageCase kind) {
  wire::FromShim frame;
  while (peer.next(frame))
    if (frame.message_case() == kind) return frame;
  throw std::runtime_error("the connection ended before frame " + std::to_string(kind));
}

wire::ToInit Shim::await_init(wire::ToInit::MessageCase kind) {
  wire::ToInit frame;
  while (sandbox->init.next(frame))
    if (frame.message_case() == kind) return frame;
  throw std::runtime_error("the channel ended before frame " + std::to_string(kind));
}

wire::StartProcess Shim::start(const std::string& id, bool pty, std::vector<std::string> argv, bool record_input) {
  wire::ToShim frame;
  frame.mutable_start()->set_terminal_id(id);
  frame.mutable_start()->set_record_input(record_input);
  for (const auto& word : argv) frame.mutable_start()->mutable_process()->add_argv(word);
  frame.mutable_start()->mutable_process()->set_pty(pty);
  link.send(frame);
  if (real_) return {};
  return await_init(wire::ToInit::kStart).start();
}

void Shim::started(std::uint64_t stream, const std::vector<int>& fds) {
  wire::FromInit frame;
  frame.mutable_started()->set_stream(stream);
  frame.mutable_started()->set_pid(42);
  frame.mutable_started()->set_handed_over(!fds.empty());
  sandbox->init.send(frame, fds);
}

void Shim::output(std::uint64_t stream, std::uint64_t offset, std::string_view data, bool error) {
  wire::FromInit frame;
  frame.mutable_output()->set_stream(stream);
  frame.mutable_output()->set_offset(offset);
  frame.mutable_output()->set_data(std::string(data));
  frame.mutable_output()->set_error(error);
  sandbox->init.send(frame);
}

void Shim::exit(std::uint64_t stream, int code, std::uint64_t out, std::uint64_t error) {
  wire::FromInit frame;
  frame.mutable_exit()->set_stream(stream);
  frame.mutable_exit()->set_code(code);
  frame.mutable_exit()->set_output(out);
  frame.mutable_exit()->set_error(error);
  sandbox->init.send(frame);
}

std::string Shim::journal(const std::string& id) const {
  auto cursor = must(journal::Cursor::open(home.terminals() / id, {}));
  std::string all;
  for (auto piece = must(cursor.next(64 << 10)); piece; piece = must(cursor.next(64 << 10)))
    if (is_bytes(piece->kind)) all += piece->data;
  return all;
}

std::string Shim::typed(const std::string& id) const {
  auto cursor = must(journal::Cursor::open(home.terminals() / id, {}, {}, journal::Typed::Give));
  std::string all;
  for (auto piece = must(cursor.next(64 << 10)); piece; piece = must(cursor.next(64 << 10)))
    if (piece->kind == journal::Kind::Input) all += std::string(piece->data) + "|";
  return all;
}

std::string terminal_id(int number) {
  std::array<std::byte, 16> bits{};
  bits[0] = static_cast<std::byte>(number >> 8);
  bits[1] = static_cast<std::byte>(number);
  return TerminalId::from_bits(bits).str();
}

wire::ToShim input_of(const std::string& id, std::string data) {
  wire::ToShim frame;
  frame.mutable_input()->set_terminal_id(id);
  frame.mutable_input()->set_data(std::move(data));
  return frame;
}

std::string read_output(Peer& peer, const std::string& id, std::size_t bytes) {
  std::string all;
  wire::FromShim frame;
  while (all.size() < bytes && peer.next(frame)) {
    if (frame.has_exit() && frame.exit().terminal_id() == id) break;
    if (!frame.has_output() || frame.output().terminal_id() != id) continue;
    EXPECT_EQ(frame.output().offset(), all.size());
    all += frame.output().data();
  }
  return all;
}

std::string numbered(std::size_t size) {
  std::string text;
  for (std::uint64_t line = 0; text.size() < size; ++line) text += std::to_string(line * 7919) + "\n";
  text.resize(size);
  return text;
}

}  // namespace berth::shim::testing
