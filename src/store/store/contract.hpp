#pragma once
// What every store must do, as tests: an implementation's x_test.cpp includes this and instantiates the suite.
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(MakeHarness([] { return
//   std::make_unique<SqliteHarness>(); })));
//
// A Harness owns an empty place for rows and opens a store on it, also a second time. Only for test executables.

#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "store/contract_fixture.hpp"

namespace berth::store::contract {

TEST_P(StoreContract, RowsComeBackAsTheyWere) {
  SandboxRow sandbox = sandbox_row(1);
  sandbox.reason = std::string("a\0b \xff\xfe 'quoted\"; DROP", 22);
  EXPECT_DONE(insert(sandbox));
  EXPECT_DONE(write([](Unit& unit) { return unit.insert_terminal(terminal_row(2, 1)); }));
  EXPECT_DONE(write([](Unit& unit) { return unit.put_command(command_row(3, 2)); }));
  reopen();
  const auto back = read([&](Reader& r) { return r.sandbox(sandbox.id); });
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(text_of(*back), text_of(sandbox));
  const auto named = read([](Reader& r) { return r.sandbox_named("ada", "sandbox-1"); });
  ASSERT_TRUE(named);
  EXPECT_EQ(named->id, sandbox.id);

  const auto terminals = read([](Reader& r) { return r.terminals(id<SandboxId>(1)); });
  ASSERT_TRUE(terminals) << terminals.error().describe();
  ASSERT_EQ(terminals->size(), 1u);
  const TerminalRow& t = terminals->front();
  const TerminalRow expected = terminal_row(2, 1);
  EXPECT_EQ(t.argv, expected.argv);
  EXPECT_EQ(
      std::tie(t.id, t.sandbox, t.owner, t.kind, t.cwd, t.size, t.nonce, t.running, t.exit, t.monitored, t.created,
               t.ended, t.title, t.name),
      std::tie(expected.id, expected.sandbox, expected.owner, expected.kind, expected.cwd, expected.size,
               expected.nonce, expected.running, expected.exit, expected.monitored, expected.created, expected.ended,
               expected.title, expected.name));

  const auto page = read([](Reader& r) { return r.commands({.owner = "ada"}, {}); });
  ASSERT_TRUE(page) << page.error().describe();
  ASSERT_EQ(page->rows.size(), 1u);
  const CommandRow& c = page->rows.front();
  const CommandRow one = command_row(3, 2);
  EXPECT_EQ(std::tie(c.terminal, c.number, c.sandbox, c.owner, c.text, c.cwd, c.exit_code, c.done, c.started,
                     c.duration_ns, c.output_begin, c.output_end, c.full_screen, c.trusted),
            std::tie(one.terminal, one.number, one.sandbox, one.owner, one.text, one.cwd, one.exit_code, one.done,
                     one.started, one.duration_ns, one.output_begin, one.output_end, one.full_screen, one.trusted));
}

TEST_P(StoreContract, WhatIsNotThereIsNotFound) {
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.sandbox(id<SandboxId>(1)); }));
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.sandbox_named("ada", "x"); }));
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.terminal(id<TerminalId>(1)); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.update_sandbox(sandbox_row(1), SandboxState::Running); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.remove_sandbox(id<SandboxId>(1)); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.update_terminal(terminal_row(1, 1)); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.revoke_key(id<KeyId>(1), at(1)); }));
  const auto setting = read([](Reader& r) { return r.setting("absent"); });
  ASSERT_TRUE(setting);
  EXPECT_FALSE(setting->has_value());
}

TEST_P(StoreContract, ANameIsTakenOncePerOwnerUntilItIsRemoved) {
  EXPECT_DONE(insert(sandbox_row(1)));
  SandboxRow second = sandbox_row(2);
  second.name = "sandbox-1";
  EXPECT_CODE(Code::AlreadyExists, insert(second));
  second.owner = "bob";
  EXPECT_DONE(insert(second));
  EXPECT_DONE(write([](Unit& u) { return u.remove_sandbox(id<SandboxId>(1)); }));
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.sandbox(id<SandboxId>(1)); }));
  SandboxRow third = sandbox_row(3);
  third.name = "sandbox-1";
  EXPECT_DONE(insert(third));
  EXPECT_EQ(names({.owner = "ada"}), std::vector<std::string>{"sandbox-1"});
}

TEST_P(StoreContract, TwoCreatesAtOnceGiveOne) {
  for (std::uint64_t round = 0; round < 20; ++round) {
    std::vector<Result<>> results(2);
    {
      std::vector<std::jthread> threads;
      for (std::uint64_t i = 0; i < 2; ++i)
        threads.emplace_back([&, i] {
          SandboxRow row = sandbox_row(100 + 2 * round + i);
          row.name = "same-" + std::to_string(round);
          results[i] = insert(row);
        });
    }
    ASSERT_NE(results[0].has_value(), results[1].has_value()) << "round " << round;
    EXPECT_EQ((results[0] ? results[1] : results[0]).error().code, Code::AlreadyExists);
  }
}

TEST_P(StoreContract, UpdatingASandboxComparesItsState) {
  SandboxRow row = sandbox_row(1);
  EXPECT_DONE(insert(row));
  row.state = SandboxState::Running;
  row.ended = at(99);
  EXPECT_DONE(write([row](Unit& u) { return u.update_sandbox(row, SandboxState::Provisioning); }));
  EXPECT_CODE(Code::FailedPrecondition,
              write([row](Unit& u) { return u.update_sandbox(row, SandboxState::Provisioning); }));
  const auto back = read([](Reader& r) { return r.sandbox(id<SandboxId>(1)); });
  ASSERT_TRUE(back);
  EXPECT_EQ(text_of(*back), text_of(row));
}

TEST_P(StoreContract, AUnitSeesItsOwnWritesAndCommitsWhole) {
  EXPECT_CODE(Code::Cancelled, write([](Unit& u) -> Result<> {
                TRY(u.insert_sandbox(sandbox_row(1)));
                TRY(u.sandbox(id<SandboxId>(1)));
                return fail(Code::Cancelled, "Changed my mind.");
              }));
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.sandbox(id<SandboxId>(1)); }));
  EXPECT_CODE(Code::Internal, write([](Unit& u) -> Result<> {
                TRY(u.insert_sandbox(sandbox_row(1)));
                throw std::runtime_error("a defect");
              }));
  const auto state = write([](Unit& u) -> Result<int> {
    TRY(u.insert_sandbox(sandbox_row(1)));
    return 7;
  });
  ASSERT_TRUE(state) << state.error().describe();
  EXPECT_EQ(*state, 7);
}

TEST_P(StoreContract, AUnitThatFailsTakesNothingWithIt) {
  constexpr std::uint64_t units = 300;
  std::vector<std::optional<Result<>>> results(units);
  boost::asio::io_context io;
  for (std::uint64_t i = 0; i < units; ++i)
    boost::asio::co_spawn(io, store_->write([i](Unit& u) -> Result<> {
      TRY(u.insert_sandbox(sandbox_row(i)));
      if (i % 3 == 0) return fail(Code::Cancelled, "No.");
      return i % 7 == 0 ? u.insert_sandbox(sandbox_row(i)) : Result<>();
    }),
                          [&results, i](std::exception_ptr, Result<> result) { results[i] = std::move(result); });
  io.run();
  std::set<std::string> expected;
  for (std::uint64_t i = 0; i < units; ++i) {
    ASSERT_TRUE(results[i]) << i;
    EXPECT_EQ(results[i]->has_value(), i % 3 != 0 && i % 7 != 0) << i;
    if (i % 3 != 0 && i % 7 != 0) expected.insert("sandbox-" + std::to_string(i));
  }
  const auto found = names({.owner = "ada"});
  EXPECT_EQ(std::set(found.begin(), found.end()), expected);
  const Statistics statistics = store_->statistics();
  EXPECT_EQ(statistics.units, expected.size());
  EXPECT_EQ(statistics.units_failed, units - expected.size());
  EXPECT_GE(statistics.commits, 1u);
}

TEST_P(StoreContract, PagesAreNewestFirstAndStayStable) {
  for (std::uint64_t i = 0; i < 10; ++i) EXPECT_DONE(insert(sandbox_row(i)));
  const auto first = read([](Reader& r) { return r.sandboxes({.owner = "ada"}, {.after = "", .limit = 4}); });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->rows.front().name, "sandbox-9");
  EXPECT_DONE(insert(sandbox_row(50)));
  EXPECT_DONE(write([](Unit& u) { return u.remove_sandbox(id<SandboxId>(6)); }));  // the cursor's own row
  const auto second =
      read([next = first->next](Reader& r) { return r.sandboxes({.owner = "ada"}, {.after = next, .limit = 100}); });
  ASSERT_TRUE(second) << second.error().describe();
  ASSERT_EQ(second->rows.size(), 6u);
  EXPECT_EQ(second->rows.front().name, "sandbox-5");
  EXPECT_EQ(second->next, "");
  EXPECT_EQ(names({.owner = "ada", .state = SandboxState::Failed}).size(), 0u);
  EXPECT_EQ(names({.owner = "ada", .state = SandboxState::Provisioning}, 3).size(), 10u);
  EXPECT_EQ(names({.owner = "bob"}).size(), 0u);
  const auto exact = read([](Reader& r) { return r.sandboxes({.owner = "ada"}, {.after = "", .limit = 10}); });
  ASSERT_TRUE(exact);
  EXPECT_EQ(exact->next, "") << "the last page says that it is";
}

TEST_P(StoreContract, ABadCursorOrLimitIsRefused) {
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_DONE(insert(sandbox_row(i)));
  const auto page = read([](Reader& r) { return r.sandboxes({.owner = "ada"}, {.after = "", .limit = 1}); });
  ASSERT_TRUE(page);
  EXPECT_CODE(Code::InvalidArgument, read([next = page->next](Reader& r) {
                return r.commands({.owner = "ada"}, {.after = next, .limit = 1});
              }));
  for (const std::string& bad :
       {std::string("x"), std::string(26, '0'), page->next + "0", std::string("0' OR 1=1"), std::string(1 << 16, '0')})
    EXPECT_CODE(Code::InvalidArgument,
                read([bad](Reader& r) { return r.sandboxes({.owner = "ada"}, {.after = bad, .limit = 1}); }));
  for (const std::uint32_t limit : {0u, 101u, 4'000'000'000u})
    EXPECT_CODE(Code::InvalidArgument,
                read([limit](Reader& r) { return r.sandboxes({.owner = "ada"}, {.after = "", .limit = limit}); }));
  EXPECT_CODE(Code::InvalidArgument,
              read([](Reader& r) { return r.commands({.owner = "ada"}, {.after = "", .limit = 1001}); }));
}

TEST_P(StoreContract, CommandsAreReplacedInPlaceAndFilteredByWhatIsAsked) {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    CommandRow open = command_row(n);
    open.done = false;
    open.exit_code.reset();
    EXPECT_DONE(write([open](Unit& u) { return u.put_command(open); }));
  }
  EXPECT_DONE(write([](Unit& u) { return u.put_command(command_row(10, 2, 1)); }));
  EXPECT_DONE(write([](Unit& u) { return u.put_command(command_row(20, 3, 2)); }));
  EXPECT_DONE(write([](Unit& u) { return u.put_command(command_row(2)); }));
  const auto open = read([](Reader& r) { return r.open_commands(id<TerminalId>(1)); });
  ASSERT_TRUE(open);
  ASSERT_EQ(open->size(), 2u);
  EXPECT_FALSE(open->front().exit_code.has_value());
  using Numbers = std::vector<std::uint64_t>;
  const auto sandbox = id<SandboxId>(1), other = id<SandboxId>(2);
  for (const std::uint32_t limit : {1u, 2u, 1000u}) {
    EXPECT_EQ(numbers({.owner = "ada"}, limit), (Numbers{20, 10, 3, 2, 1}));
    EXPECT_EQ(numbers({.owner = "ada", .sandbox = sandbox}, limit), (Numbers{10, 3, 2, 1}));
    EXPECT_EQ(numbers({.owner = "ada", .terminal = id<TerminalId>(1)}, limit), (Numbers{3, 2, 1}));
    EXPECT_EQ(numbers({.owner = "ada", .sandbox = other, .terminal = id<TerminalId>(1)}, limit), Numbers{});
    EXPECT_EQ(numbers({.owner = "bob", .sandbox = sandbox}, limit), Numbers{});
  }
}

TEST_P(StoreContract, UsersChangeAndHaveOneName) {
  const UserRow bob{.name = "bob", .role = Role::Viewer, .disabled = std::nullopt, .created = at(3)};
  const UserRow ada{.name = "ada", .role = Role::Admin, .disabled = at(7), .created = at(4)};
  for (const UserRow& row : {bob, ada}) EXPECT_DONE(write([row](Unit& u) { return u.insert_user(row); }));
  EXPECT_CODE(Code::AlreadyExists, write([bob](Unit& u) { return u.insert_user(bob); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.update_user({.name = "eve", .disabled = {}}); }));
  EXPECT_DONE(write([](Unit& u) { return u.update_user({.name = "bob", .role = Role::Member, .disabled = at(9)}); }));
  reopen();
  const auto users = read([](Reader& r) { return r.users(); });
  ASSERT_TRUE(users && users->size() == 2);
  const auto same = [](const UserRow& row, const UserRow& expected) {
    return std::tie(row.name, row.role, row.disabled, row.created) ==
           std::tie(expected.name, expected.role, expected.disabled, expected.created);
  };
  EXPECT_TRUE(same(users->at(0), ada));
  EXPECT_TRUE(same(users->at(1), {.name = "bob", .role = Role::Member, .disabled = at(9), .created = at(3)}));
}

TEST_P(StoreContract, KeysAndSettings) {
  const KeyRow key{.id = id<KeyId>(1), .owner = "ada", .label = "laptop", .hash = "h", .created = at(3), .revoked = std::nullopt,
                   .scopes = Permissions().with(Permission::Read), .expires = at(9), .used = std::nullopt, .terminal = id<TerminalId>(7)};
  EXPECT_DONE(write([key](Unit& u) { return u.insert_key(key); }));
  EXPECT_CODE(Code::AlreadyExists, write([key](Unit& u) { return u.insert_key(key); }));
  const auto keys = read([](Reader& r) { return r.keys(); });
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1u);
  const KeyRow& found = keys->front();
  EXPECT_EQ(std::tie(found.id, found.owner, found.label, found.hash, found.created, found.scopes, found.expires, found.used, found.terminal),
            std::tie(key.id, key.owner, key.label, key.hash, key.created, key.scopes, key.expires, key.used, key.terminal));
  EXPECT_DONE(write([](Unit& u) { return u.set_key_used(id<KeyId>(1), at(8)); }));
  EXPECT_DONE(write([](Unit& u) { return u.set_key_used(id<KeyId>(2), at(8)); }));
  EXPECT_EQ(read([](Reader& r) { return r.keys(); })->front().used, at(8));
  EXPECT_DONE(write([](Unit& u) { return u.revoke_key(id<KeyId>(1), at(4)); }));
  EXPECT_DONE(write([](Unit& u) { return u.revoke_key(id<KeyId>(1), at(5)); }));
  EXPECT_EQ(read([](Reader& r) { return r.keys(); })->size(), 0u);
  for (const std::string value : {"one", "two"}) {
    EXPECT_DONE(write([value](Unit& u) { return u.put_setting("name", value); }));
    EXPECT_EQ(*read([](Reader& r) { return r.setting("name"); }), value);
  }
}

TEST_P(StoreContract, LiveSandboxesAreThoseToRecover) {
  const std::vector states = {SandboxState::Provisioning, SandboxState::Running, SandboxState::Paused,
                              SandboxState::Stopped, SandboxState::Failed};
  for (std::uint64_t i = 0; i < states.size(); ++i) {
    SandboxRow row = sandbox_row(i, i == 1 ? "bob" : "ada");
    row.state = states[i];
    EXPECT_DONE(insert(row));
  }
  EXPECT_DONE(write([](Unit& u) { return u.remove_sandbox(id<SandboxId>(2)); }));
  const auto live = read([](Reader& r) { return r.live_sandboxes(); });
  ASSERT_TRUE(live);
  ASSERT_EQ(live->size(), 2u);
  EXPECT_EQ((*live)[1].owner, "bob");
}

TEST_P(StoreContract, ClosingFinishesWhatWaitsAndRefusesTheRest) {
  constexpr std::uint64_t units = 500;
  std::vector<std::optional<Result<>>> results(units);
  boost::asio::io_context io;
  for (std::uint64_t i = 0; i < units; ++i)
    boost::asio::co_spawn(io, store_->write([i](Unit& u) { return u.insert_sandbox(sandbox_row(i)); }),
                          [&, i](std::exception_ptr, Result<> result) { results[i] = std::move(result); });
  for (std::uint64_t i = 0; i < units / 2; ++i) io.run_one();
  store_->close();
  store_->close();
  io.run();
  EXPECT_CODE(Code::Unavailable, insert(sandbox_row(units)));
  EXPECT_CODE(Code::Unavailable, read([](Reader& r) { return r.live_sandboxes(); }));
  reopen();
  std::set<std::string> expected;
  for (std::uint64_t i = 0; i < units; ++i) {
    ASSERT_TRUE(results[i]) << "unit " << i << " waits for ever";
    if (*results[i])
      expected.insert("sandbox-" + std::to_string(i));
    else
      EXPECT_EQ(results[i]->error().code, Code::Unavailable);
  }
  const auto found = names({.owner = "ada"});
  EXPECT_EQ(std::set(found.begin(), found.end()), expected);
}

TEST_P(StoreContract, TheCoroutineResumesOnItsOwnExecutor) {
  boost::asio::io_context io;
  bool here = false;
  const auto look = [](Store* store, boost::asio::io_context* context, bool* out) -> boost::asio::awaitable<void> {
    (void)co_await store->write([](Unit& u) { return u.insert_sandbox(sandbox_row(1)); });
    *out = context->get_executor().running_in_this_thread();
  };
  boost::asio::co_spawn(io, look(store_.get(), &io, &here), [](std::exception_ptr) {});
  io.run();
  EXPECT_TRUE(here);
}

}  // namespace berth::store::contract
