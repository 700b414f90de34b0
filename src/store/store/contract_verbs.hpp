#pragma once
// The part of the contract about terminals by name and commands by what they are. See contract.hpp.

#include "store/contract_fixture.hpp"

namespace berth::store::contract {

TEST_P(StoreContract, ATerminalsNameIsTakenOnceInItsSandbox) {
  const auto put = [&](std::uint64_t terminal, std::uint64_t sandbox, const std::string& name) {
    TerminalRow row = terminal_row(terminal, sandbox);
    row.name = name;
    return write([row](Unit& unit) { return unit.insert_terminal(row); });
  };
  EXPECT_DONE(put(1, 1, "main"));
  EXPECT_DONE(put(2, 2, "main"));
  EXPECT_CODE(Code::AlreadyExists, put(3, 1, "main"));
  EXPECT_DONE(put(4, 1, ""));
  EXPECT_DONE(put(5, 1, ""));
  const auto rename = [&](std::uint64_t terminal, const std::string& name) {
    return write([=](Unit& unit) { return unit.rename_terminal(id<TerminalId>(terminal), name); });
  };
  EXPECT_CODE(Code::AlreadyExists, rename(4, "main"));
  EXPECT_CODE(Code::NotFound, rename(9, "other"));
  EXPECT_DONE(rename(4, "tests"));
  EXPECT_DONE(rename(4, "tests"));
  EXPECT_DONE(write([](Unit& unit) { return unit.update_terminal(terminal_row(4, 1)); }));
  const auto named = read([](Reader& reader) { return reader.terminal_named(id<SandboxId>(1), "tests"); });
  ASSERT_TRUE(named) << "an update leaves the name: " << named.error().describe();
  EXPECT_EQ(named->id, id<TerminalId>(4));
  EXPECT_CODE(Code::NotFound, read([](Reader& reader) { return reader.terminal_named(id<SandboxId>(1), ""); }));
  EXPECT_CODE(Code::NotFound, read([](Reader& reader) { return reader.terminal_named(id<SandboxId>(2), "tests"); }));
  EXPECT_DONE(rename(1, ""));
  EXPECT_DONE(rename(4, "main"));
}

TEST_P(StoreContract, CommandsAreFoundByNumberAndByTheirOutput) {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    CommandRow row = command_row(n);
    row.output_begin = {n * 100};
    row.output_end = {n * 100 + 50};
    EXPECT_DONE(write([row](Unit& unit) { return unit.put_command(row); }));
  }
  const auto terminal = id<TerminalId>(1);
  EXPECT_EQ(read([=](Reader& reader) { return reader.command(terminal, 2); })->text, "echo 2");
  EXPECT_CODE(Code::NotFound, read([=](Reader& reader) { return reader.command(terminal, 4); }));
  for (const auto& [offset, number] : {std::pair{100u, 1u}, {199u, 1u}, {200u, 2u}, {9999u, 3u}})
    EXPECT_EQ(read([=, at = offset](Reader& reader) { return reader.command_at(terminal, {at}); })->number, number) << offset;
  EXPECT_CODE(Code::NotFound, read([=](Reader& reader) { return reader.command_at(terminal, {99}); }));
  EXPECT_CODE(Code::NotFound, read([](Reader& reader) { return reader.command_at(id<TerminalId>(2), {500}); }));
}

TEST_P(StoreContract, CommandsAreFilteredByWhatTheyAre) {
  constexpr std::int64_t second = 1'000'000'000;
  const auto put = [&](std::uint64_t number, std::uint64_t terminal, auto change) {
    CommandRow row = command_row(number, terminal, terminal);
    row.exit_code = 0;
    row.full_screen = false;
    change(row);
    EXPECT_DONE(write([row](Unit& unit) { return unit.put_command(row); }));
  };
  put(1, 1, [](CommandRow& row) { row.exit_code = 2, row.text = "make 100%_'test'"; });
  put(2, 1, [](CommandRow& row) { row.duration_ns = 5 * second, row.cwd = "/src/berth"; });
  put(3, 1, [](CommandRow& row) { row.full_screen = true, row.text = "vim", row.cwd = "/src"; });
  put(4, 1, [](CommandRow& row) { row.trusted = false, row.cwd = "/srcs"; });
  put(5, 1, [](CommandRow& row) { row.done = false, row.exit_code.reset(), row.duration_ns.reset(); });
  put(6, 2, [](CommandRow& row) { row.exit_code = 130, row.duration_ns = second / 2; });
  using Numbers = std::vector<std::uint64_t>;
  const auto terminal = id<TerminalId>(1);
  const auto sandbox = id<SandboxId>(2);
  for (const std::uint32_t limit : {1u, 2u, 1000u}) {
    EXPECT_EQ(numbers({.owner = "ada", .failed = true}, limit), (Numbers{6, 1}));
    EXPECT_EQ(numbers({.owner = "ada", .terminal = terminal, .failed = true}, limit), (Numbers{1}));
    EXPECT_EQ(numbers({.owner = "ada", .sandbox = sandbox, .failed = true}, limit), (Numbers{6}));
    EXPECT_EQ(numbers({.owner = "ada", .running = true}, limit), (Numbers{5}));
    EXPECT_EQ(numbers({.owner = "ada", .full_screen = true}, limit), (Numbers{3}));
    EXPECT_EQ(numbers({.owner = "ada", .full_screen = false}, limit), (Numbers{6, 5, 4, 2, 1}));
    EXPECT_EQ(numbers({.owner = "ada", .trusted = false}, limit), (Numbers{4}));
    EXPECT_EQ(numbers({.owner = "ada", .slower_than_ns = second}, limit), (Numbers{2}));
    EXPECT_EQ(numbers({.owner = "ada", .slower_than_ns = second / 2}, limit), (Numbers{6, 2}));
    EXPECT_EQ(numbers({.owner = "ada", .cwd = "/src"}, limit), (Numbers{3, 2}));
    EXPECT_EQ(numbers({.owner = "ada", .cwd = "/"}, limit), (Numbers{6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(numbers({.owner = "ada", .text = "100%_'test"}, limit), (Numbers{1}));
    EXPECT_EQ(numbers({.owner = "ada", .failed = true, .slower_than_ns = second / 2}, limit), (Numbers{6}));
    EXPECT_EQ(numbers({.owner = "bob", .failed = true}, limit), Numbers{});
  }
}

}  // namespace berth::store::contract
