#pragma once
// For tests: a terminal with a real journal in a directory of its own, a store in memory, and the test as its shim.

#include "terminals/terminal.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <filesystem>
#include <functional>
#include <map>

#include "journal/writer.hpp"
#include "store/empty_unit.hpp"
#include "terminals/viewer.hpp"
#include "wire/frame.hpp"

namespace berth::terminals {

using boost::asio::awaitable;

// Keeps rows in memory; `failures` makes that many next writes fail as a full disk does.
class MemoryStore final : public store::Store, public store::EmptyUnit {
 public:
  std::map<std::string, store::TerminalRow> terminals_;
  std::map<std::uint64_t, store::CommandRow> commands_;
  int failures = 0, writes = 0;
  std::function<void()> committed;  // after each unit

  store::Statistics statistics() const override { return {}; }
  void close() override {}
  void on_events(store::EventsCommitted) override {}
  awaitable<Result<Value>> run_write(Work work) override {
    ++writes;
    if (failures > 0) {
      --failures;
      co_return std::unexpected(Error{.code = Code::NoSpace, .message = "The disk is full."});
    }
    auto done = work(*this);
    if (committed) committed();
    co_return done;
  }
  awaitable<Result<Value>> run_read(Read work) override { co_return work(*this); }

  Result<> insert_terminal(const store::TerminalRow& row) override { return terminals_[row.id.str()] = row, Result<>{}; }
  Result<> update_terminal(const store::TerminalRow& row) override { return terminals_[row.id.str()] = row, Result<>{}; }
  Result<store::TerminalRow> terminal(const TerminalId& id) override {
    const auto found = terminals_.find(id.str());
    if (found == terminals_.end()) return fail(Code::NotFound, "There is no such terminal.");
    return found->second;
  }
  Result<> put_command(const store::CommandRow& row) override { return commands_[row.number] = row, Result<>{}; }
};

struct RecordingOutlet final : Outlet {
  std::vector<wire::ToShim> sent;
  awaitable<Result<>> send(wire::ToShim frame) override {
    sent.push_back(std::move(frame));
    co_return Result<>{};
  }
};

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() {
    char path[] = "/tmp/berth-terminals-XXXXXX";
    directory_ = mkdtemp(path);
    shared_ = std::make_shared<Shared>();
    shared_->executor = io_.get_executor();
    shared_->store = &store_;
    shared_->clock = &clock_;
    shared_->journals = directory_;
    shared_->settings.retry = std::chrono::milliseconds{1};
    shared_->settings.resize_pause = std::chrono::milliseconds{0};
    shared_->spawn = [this](awaitable<void> work) {
      boost::asio::co_spawn(io_, std::move(work), [](std::exception_ptr) {});
    };
    shared_->report = [this](const Error& error, const TerminalId&) { reported_.push_back(error.describe()); };
    std::array<std::byte, 16> bits{};
    bits[3] = std::byte{7};
    row_.id = TerminalId::from_bits(bits);
    row_.sandbox = SandboxId::from_bits(bits);
    row_.argv = {"bash"};
    row_.cwd = "/workspace";
  }
  ~TerminalTest() override { std::filesystem::remove_all(directory_); }

  // What start() gives when the shim says that there was `sys_errno`.
  Result<> failed_start(const std::shared_ptr<Terminal>& terminal, int sys_errno, const char* operation = "exec") {
    std::optional<Result<>> result;
    boost::asio::co_spawn(io_, terminal->start(outlet_, {}), [&](std::exception_ptr, Result<> r) { result = std::move(r); });
    io_.poll();
    wire::TerminalStartFailed failed;
    failed.set_sys_errno(sys_errno);
    failed.set_operation(operation);
    terminal->on_start_failed(failed);
    settle();
    return result.value_or(fail(Code::Timeout, "start() goes on"));
  }
  void open_journal() {
    auto writer = journal::Writer::create(directory_ / row_.id.str(), row_.id, {}, clock_.now());
    ASSERT_TRUE(writer) << writer.error().describe();
    writer_.emplace(std::move(*writer));
  }
  // The shim's part: journal first, then the frame, which the test may lose.
  void print(Terminal& terminal, const std::string& bytes, bool lost = false) {
    wire::TerminalOutput frame;
    frame.set_offset(writer_->end().value);
    frame.set_time_ns(clock_.now().time_since_epoch().count());
    ASSERT_TRUE(writer_->append(journal::Kind::Output, bytes, clock_.now()));
    frame.set_data(bytes);
    if (!lost) terminal.on_output(frame);
  }
  void exit(Terminal& terminal, int code) {
    wire::TerminalExit frame;
    frame.set_code(code);
    frame.set_end(writer_->end().value);
    frame.set_time_ns(clock_.now().time_since_epoch().count());
    terminal.on_exit(frame);
  }
  void settle() {
    io_.restart();
    io_.run_for(std::chrono::seconds{5});
  }
  std::shared_ptr<Terminal> running(const std::string& nonce) {
    row_.nonce = nonce;
    open_journal();
    auto terminal = Terminal::create(shared_, row_);
    boost::asio::co_spawn(io_, terminal->start(outlet_, {}), [](std::exception_ptr, const Result<>&) {});
    io_.restart();
    io_.poll();
    wire::TerminalStarted started;
    started.set_time_ns(clock_.now().time_since_epoch().count());
    terminal->on_started(started);
    return terminal;
  }
  // Reads to the end; checks that each byte comes once and in order.
  static awaitable<void> drain(std::shared_ptr<Viewer> viewer, std::string& into, std::optional<Viewer::Ended>& ended) {
    for (;;) {
      auto item = co_await viewer->read();
      if (!item) co_return;
      if (auto* chunk = std::get_if<Viewer::Chunk>(&*item)) {
        EXPECT_EQ(chunk->from.value, into.size());
        into += chunk->data;
        continue;
      }
      ended = std::get<Viewer::Ended>(*item);
      co_return;
    }
  }

  boost::asio::io_context io_;
  FakeClock clock_;
  MemoryStore store_;
  std::filesystem::path directory_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<RecordingOutlet> outlet_ = std::make_shared<RecordingOutlet>();
  std::vector<std::string> reported_;
  std::optional<journal::Writer> writer_;
  store::TerminalRow row_;
};

}  // namespace berth::terminals
