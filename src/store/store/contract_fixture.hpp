#pragma once
// What the contract suite stands on: an empty place for rows, rows with a value of its own in every field, and calls
// that wait. Only for test executables.

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace berth::store::contract {

class Harness {
 public:
  virtual ~Harness() = default;
  virtual Result<std::unique_ptr<Store>> open() = 0;
};
using MakeHarness = std::function<std::unique_ptr<Harness>()>;

template <class IdType>
IdType id(std::uint64_t number) {
  std::array<std::byte, 16> bits{};
  for (std::size_t i = 0; i < 8; ++i) bits[i] = static_cast<std::byte>(number * 0x9e3779b97f4a7c15ull >> 8 * i);
  for (std::size_t i = 0; i < 8; ++i) bits[8 + i] = static_cast<std::byte>(number >> 8 * i);
  return IdType::from_bits(bits);
}

inline WallTime at(std::int64_t ns) { return WallTime(std::chrono::nanoseconds(ns)); }

// Every field has a value of its own, so that two which are mixed up are seen.
inline SandboxRow sandbox_row(std::uint64_t number, std::string owner = "ada") {
  return {.id = id<SandboxId>(number),
          .owner = std::move(owner),
          .name = "sandbox-" + std::to_string(number),
          .template_name = "debian",
          .template_digest = "sha256:1",
          .isolation = "gvisor",
          .runtime = "runsc",
          .state = SandboxState::Provisioning,
          .reason_code = "code",
          .reason = "It is new.",
          .memory_bytes = 1ull << 63 | 7,
          .cpu_millis = 4'000'000'000,
          .processes = 11,
          .open_files = 12,
          .remove_on_exit = true,
          .created = at(1'700'000'000'123'456'789),
          .started = at(2),
          .ended = std::nullopt};
}
inline TerminalRow terminal_row(std::uint64_t number, std::uint64_t sandbox) {
  return {.id = id<TerminalId>(number),
          .sandbox = id<SandboxId>(sandbox),
          .owner = "ada",
          .kind = TerminalKind::Pipes,
          .argv = {"sh", "-c", "", "echo 'a b'"},
          .cwd = "/work space",
          .size = {.cols = 120, .rows = 40},
          .nonce = "n",
          .running = false,
          .exit = Exit(Killed{9}),
          .monitored = {42},
          .created = at(5),
          .ended = at(6),
          .title = "vim \"a\""};
}
inline CommandRow command_row(std::uint64_t number, std::uint64_t terminal = 1, std::uint64_t sandbox = 1) {
  return {.terminal = id<TerminalId>(terminal),
          .number = number,
          .sandbox = id<SandboxId>(sandbox),
          .owner = "ada",
          .text = "echo " + std::to_string(number),
          .cwd = "/",
          .exit_code = -1,
          .done = true,
          .started = at(7),
          .duration_ns = 8,
          .output_begin = {9},
          .output_end = {10},
          .full_screen = true};
}

inline std::string text_of(const SandboxRow& r) {
  std::string out;
  for (const std::string& s : {r.id.str(), r.owner, r.name, r.template_name, r.template_digest, r.isolation, r.runtime,
                               r.reason_code, r.reason})
    out += s + '|';
  for (const std::uint64_t n :
       {static_cast<std::uint64_t>(r.state), r.memory_bytes, std::uint64_t{r.cpu_millis}, std::uint64_t{r.processes},
        std::uint64_t{r.open_files}, std::uint64_t{r.remove_on_exit}})
    out += std::to_string(n) + '|';
  for (const std::optional<WallTime>& t : {std::optional(r.created), r.started, r.ended})
    out += (t ? std::to_string(t->time_since_epoch().count()) : "-") + '|';
  return out;
}

class StoreContract : public testing::TestWithParam<MakeHarness> {
 protected:
  void SetUp() override {
    harness_ = GetParam()();
    reopen();
  }
  void reopen() {
    store_.reset();
    auto opened = harness_->open();
    ASSERT_TRUE(opened) << opened.error().describe();
    store_ = *std::move(opened);
  }
  template <class T>
  static T run(boost::asio::awaitable<T> work) {
    boost::asio::io_context io;
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      result = std::move(value);
    });
    io.run();
    return *std::move(result);
  }
  template <class F>
  auto write(F work) {
    return run(store_->write(std::move(work)));
  }
  template <class F>
  auto read(F work) {
    return run(store_->read(std::move(work)));
  }
  Result<> insert(SandboxRow row) {
    return write([row](Unit& unit) { return unit.insert_sandbox(row); });
  }
  std::vector<std::string> names(const SandboxFilter& filter, std::uint32_t limit = 100) {
    std::vector<std::string> out;
    PageRequest request{.after = "", .limit = limit};
    do {
      auto page = read([=](Reader& reader) { return reader.sandboxes(filter, request); });
      if (!page) return {page.error().describe()};
      for (const auto& row : page->rows) out.push_back(row.name);
      request.after = page->next;
    } while (!request.after.empty());
    return out;
  }
  Result<std::vector<std::uint64_t>> numbers(CommandFilter filter, std::uint32_t limit = 1000) {
    std::vector<std::uint64_t> out;
    PageRequest request{.after = "", .limit = limit};
    do {
      TRY_ASSIGN(auto page, read([=](Reader& reader) { return reader.commands(filter, request); }));
      for (const auto& row : page.rows) out.push_back(row.number);
      request.after = page.next;
    } while (!request.after.empty());
    return out;
  }

  std::unique_ptr<Harness> harness_;
  std::unique_ptr<Store> store_;
};

#define EXPECT_CODE(expected, ...)                                                           \
  do {                                                                                       \
    const auto contract_result = (__VA_ARGS__);                                              \
    ASSERT_FALSE(contract_result) << "succeeded: " #__VA_ARGS__;                             \
    EXPECT_EQ(contract_result.error().code, expected) << contract_result.error().describe(); \
  } while (false)
#define EXPECT_DONE(...)                                                \
  do {                                                                  \
    const auto contract_result = (__VA_ARGS__);                         \
    ASSERT_TRUE(contract_result) << contract_result.error().describe(); \
  } while (false)

}  // namespace berth::store::contract
