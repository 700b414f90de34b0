#pragma once
// What every store must do with events. Included by an implementation's contract test beside contract.hpp.

#include <map>
#include <mutex>

#include "store/contract_fixture.hpp"

namespace berth::store::contract {

class EventContract : public StoreContract {
 protected:
  static EventRow event_row(std::uint64_t number, std::string owner = "ada") {
    return {.owner = std::move(owner),
            .type = "command.ended",
            .sandbox = id<SandboxId>(1),
            .terminal = number % 2 == 0 ? std::optional(id<TerminalId>(number)) : std::nullopt,
            .session = std::nullopt,
            .time = at(static_cast<std::int64_t>(number)),
            .data = "{\"number\":" + std::to_string(number) + "}"};
  }
  Result<std::uint64_t> append(const EventRow& row) {
    return write([row](Unit& unit) { return unit.append_event(row); });
  }
  std::vector<std::uint64_t> ids(const EventFilter& filter, std::uint64_t after = 0, std::uint32_t limit = 100) {
    std::vector<std::uint64_t> out;
    const auto rows = read([=](Reader& reader) { return reader.events(filter, after, limit); });
    if (!rows) ADD_FAILURE() << rows.error().describe();
    else for (const auto& row : *rows) out.push_back(row.id);
    return out;
  }
  EventRange range(const std::string& owner = "ada") {
    return read([owner](Reader& reader) { return reader.event_range(owner); }).value();
  }
  static EventFilter of(std::string owner) { return {.owner = std::move(owner), .sandbox = {}, .terminal = {}, .session = {}}; }
  using Ids = std::vector<std::uint64_t>;
};

TEST_P(EventContract, ComesBackAsItWas) {
  EventRow row = event_row(2);
  row.session = id<SessionId>(9);
  EXPECT_EQ(append(row).value(), 1u);
  reopen();
  const auto back = read([](Reader& r) { return r.events(of("ada"), 0, 10); });
  ASSERT_TRUE(back && back->size() == 1);
  const EventRow& same = back->front();
  EXPECT_EQ(same.id, 1u);
  EXPECT_EQ(std::tie(same.owner, same.type, same.sandbox, same.terminal, same.session, same.time, same.data),
            std::tie(row.owner, row.type, row.sandbox, row.terminal, row.session, row.time, row.data));
  EXPECT_CODE(Code::InvalidArgument, read([](Reader& r) { return r.events(of("ada"), 0, 0); }));
  EXPECT_CODE(Code::InvalidArgument, read([](Reader& r) { return r.events(of("ada"), 0, 1001); }));
}

TEST_P(EventContract, ByOwnerAndSubjectInOrderFromAnId) {
  for (std::uint64_t i = 1; i <= 6; ++i) EXPECT_EQ(append(event_row(i, i == 5 ? "bob" : "ada")).value(), i);
  EventRow session = event_row(7);
  session.session = id<SessionId>(3);
  EXPECT_DONE(append(session));
  EXPECT_EQ(ids(of("ada")), (Ids{1, 2, 3, 4, 6, 7}));
  EXPECT_EQ(ids(of("ada"), 3), (Ids{4, 6, 7}));
  EXPECT_EQ(ids(of("ada"), 0, 2), (Ids{1, 2}));
  EXPECT_EQ(ids(of("ada"), 7), Ids{});
  EventFilter filter = of("ada");
  filter.sandbox = id<SandboxId>(1);
  EXPECT_EQ(ids(filter, 4), (Ids{6, 7}));
  filter.terminal = id<TerminalId>(4);
  EXPECT_EQ(ids(filter), Ids{4});
  filter.sandbox = id<SandboxId>(2);
  EXPECT_EQ(ids(filter), Ids{});
  filter = of("ada");
  filter.session = id<SessionId>(3);
  EXPECT_EQ(ids(filter), Ids{7});
  filter.owner = "bob";
  EXPECT_EQ(ids(filter), Ids{});
}

TEST_P(EventContract, AUnitThatFailedTellsNothing) {
  EXPECT_DONE(append(event_row(1)));
  EXPECT_CODE(Code::Internal, write([](Unit& unit) -> Result<> {
                TRY(unit.append_event(event_row(2)));
                return fail(Code::Internal, "on purpose");
              }));
  EXPECT_DONE(append(event_row(3)));
  EXPECT_EQ(ids(of("ada")).size(), 2u);
  EXPECT_EQ(range().last, ids(of("ada")).back());
}

TEST_P(EventContract, TheListenerHearsWhatCommittedInOrder) {
  std::mutex mutex;
  std::vector<std::string> heard;
  store_->on_events([&](const auto& events) {
    const std::lock_guard lock(mutex);
    for (const auto& event : events) heard.push_back(std::to_string(event->id) + " " + event->data);
  });
  EXPECT_DONE(append(event_row(1)));
  EXPECT_CODE(Code::Internal, write([](Unit& unit) -> Result<> {
                TRY(unit.append_event(event_row(2)));
                return fail(Code::Internal, "on purpose");
              }));
  EXPECT_DONE(write([](Unit& unit) -> Result<> {
    TRY(unit.append_event(event_row(3)));
    TRY(unit.append_event(event_row(4)));
    return {};
  }));
  store_->on_events(nullptr);
  EXPECT_DONE(append(event_row(5)));
  EXPECT_EQ(heard, (std::vector<std::string>{"1 {\"number\":1}", "2 {\"number\":3}", "3 {\"number\":4}"}));
}

TEST_P(EventContract, TheOldestAreForgottenAndIdsStayUsed) {
  for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_DONE(append(event_row(i, i == 4 ? "bob" : "ada")));
  const auto cuts = [&](std::int64_t before, std::uint64_t most) {
    std::map<std::string, std::uint64_t> out;
    const auto all = read([=](Reader& r) { return r.events_to_forget(at(before), most); });
    if (!all) ADD_FAILURE() << all.error().describe();
    else for (const auto& cut : *all) out[cut.owner] = cut.through;
    return out;
  };
  using Cuts = std::map<std::string, std::uint64_t>;
  EXPECT_EQ(cuts(0, 9), Cuts{});
  EXPECT_EQ(cuts(0, 7), (Cuts{{"ada", 2}}));
  EXPECT_EQ(cuts(6, 7), (Cuts{{"ada", 5}, {"bob", 4}}));
  EXPECT_EQ(cuts(2, 7), (Cuts{{"ada", 2}}));
  const auto forget = [&](std::uint64_t through, std::uint32_t limit) {
    return write([=](Unit& u) { return u.forget_events({"ada", through}, limit); }).value();
  };
  EXPECT_EQ(forget(5, 3), 3u);
  EXPECT_EQ(range().forgotten, 3u);
  EXPECT_EQ(forget(5, 3), 1u);
  EXPECT_EQ(forget(5, 3), 0u);
  EXPECT_EQ(range().forgotten, 5u);
  EXPECT_EQ(range("bob").forgotten, 0u);
  EXPECT_EQ(ids(of("ada")), (Ids{6, 7, 8, 9, 10}));
  EXPECT_EQ(ids(of("bob")), (Ids{4}));
  EXPECT_EQ(forget(10, 100), 5u);
  reopen();
  EXPECT_EQ(append(event_row(11)).value(), 11u);
  EXPECT_EQ(range().last, 11u);
  EXPECT_DONE(read([](Reader& r) { return r.check(); }));
}

TEST_P(EventContract, WhetherACommandIsThereAndDone) {
  CommandRow open = command_row(1);
  open.done = false;
  EXPECT_DONE(write([=](Unit& u) { return u.put_command(open); }));
  EXPECT_DONE(write([](Unit& u) { return u.put_command(command_row(2)); }));
  const auto done = [&](std::uint64_t number) {
    return read([=](Reader& r) { return r.command_done(id<TerminalId>(1), number); }).value();
  };
  EXPECT_EQ(done(1), std::optional(false));
  EXPECT_EQ(done(2), std::optional(true));
  EXPECT_EQ(done(3), std::nullopt);
}

}  // namespace berth::store::contract
