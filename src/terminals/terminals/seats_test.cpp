#include "terminals/seats.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace berth::terminals {
namespace {

using namespace std::chrono_literals;
using Id = Seats::Id;

constexpr SteadyTime start{};

// What happened to whom, as "2 reader taken_over, 3 writer taken_over".
std::string told(const Seats::News& news) {
  std::string out;
  for (const auto& one : news)
    out += (out.empty() ? "" : ", ") + std::to_string(one.viewer) + (one.writer ? " writer " : " reader ") +
           std::string(to_string(one.why));
  return out;
}

Seats::Request person(std::string name = {}) { return {.name = std::move(name)}; }
Seats::Request back(std::string name, bool wrote) { return {.name = std::move(name), .wrote = wrote}; }

class SeatsTest : public testing::Test {
 protected:
  Seats seats{{.grace = 30s}};
};

TEST_F(SeatsTest, TheFirstTypesAndTheNextFollowInTheOrderOfArrival) {
  EXPECT_EQ(told(seats.enter(1, {.may_write = false}, start)), "");
  EXPECT_EQ(told(seats.enter(2, person(), start)), "2 writer came");
  EXPECT_EQ(told(seats.enter(3, person(), start)), "");
  EXPECT_EQ(told(seats.enter(4, person(), start)), "");
  EXPECT_EQ(told(seats.leave(3, Seats::Leaving::Gone, start)), "");
  EXPECT_EQ(told(seats.leave(2, Seats::Leaving::Gone, start)), "4 writer freed");
  EXPECT_EQ(told(seats.leave(4, Seats::Leaving::Gone, start)), "") << "who may only read is never asked to type";
  EXPECT_EQ(seats.state(), Seats::State::Free);
}

TEST_F(SeatsTest, TakingOverTellsBoth) {
  seats.enter(1, person("a"), start);
  seats.enter(2, person("b"), start);
  EXPECT_EQ(told(seats.take_over(2)), "1 reader taken_over, 2 writer taken_over");
  EXPECT_EQ(told(seats.take_over(2)), "") << "it has it";
  EXPECT_EQ(told(seats.enter(3, {.takes_over = true, .name = "c"}, start)), "2 reader taken_over, 3 writer taken_over");
  seats.enter(4, {.may_write = false, .takes_over = true}, start);
  EXPECT_EQ(told(seats.take_over(4)), "") << "it may only read";
  EXPECT_EQ(told(seats.take_over(99)), "") << "nobody";
  EXPECT_EQ(seats.writer(), Id{3});
}

TEST_F(SeatsTest, AReconnectNeverTakesOver) {
  seats.enter(1, person("a"), start);
  seats.enter(2, person("b"), start);
  seats.take_over(2);
  seats.leave(1, Seats::Leaving::Lost, start);
  EXPECT_EQ(told(seats.enter(3, back("a", true), start)), "") << "it lost the seat before the connection";
  EXPECT_EQ(seats.writer(), Id{2});
}

TEST_F(SeatsTest, ALostWriterFindsHisSeatWithinTheGraceTime) {
  seats.enter(1, person("a"), start);
  seats.enter(2, person("b"), start);
  EXPECT_EQ(told(seats.leave(1, Seats::Leaving::Lost, start)), "") << "the seat is kept";
  EXPECT_EQ(seats.state(), Seats::State::Kept);
  EXPECT_EQ(seats.deadline(), start + 30s);
  EXPECT_EQ(told(seats.expire(start + 29s)), "");
  EXPECT_EQ(told(seats.enter(3, back("a", true), start + 29s)), "3 writer resumed");
  seats.leave(3, Seats::Leaving::Lost, start + 40s);
  EXPECT_EQ(told(seats.expire(start + 70s)), "2 writer freed");
  EXPECT_EQ(told(seats.enter(4, back("a", true), start + 71s)), "") << "too late";
}

TEST_F(SeatsTest, TheSameViewerReplacesItsOwnDeadConnection) {
  seats.enter(1, person("a"), start);
  EXPECT_EQ(told(seats.enter(2, back("a", true), start)), "1 reader resumed, 2 writer resumed");
}

TEST_F(SeatsTest, AKeptSeatMayBeTakenOver) {
  seats.enter(1, person("a"), start);
  seats.leave(1, Seats::Leaving::Lost, start);
  seats.enter(2, person("b"), start);
  EXPECT_EQ(told(seats.take_over(2)), "2 writer taken_over");
  EXPECT_EQ(told(seats.enter(3, back("a", true), start)), "");
}

TEST_F(SeatsTest, WhoHasNoNameKeepsNothing) {
  seats.enter(1, person(), start);
  seats.enter(2, person(), start);
  EXPECT_EQ(told(seats.leave(1, Seats::Leaving::Lost, start)), "2 writer freed");
}

TEST(SeatsAfterARestart, WhoWasTheWriterGetsTheSeatFromWhoCameFirst) {
  Seats seats({.grace = 30s, .restarted = start});
  EXPECT_EQ(told(seats.enter(1, back("reader", false), start)), "") << "it waits in line";
  EXPECT_EQ(told(seats.enter(2, person("new"), start)), "2 writer came");
  EXPECT_EQ(told(seats.enter(3, back("writer", true), start + 1s)), "2 reader resumed, 3 writer resumed");
  EXPECT_EQ(told(seats.enter(4, back("liar", true), start + 1s)), "") << "one of them only";
}

TEST(SeatsAfterARestart, AfterTheGraceTimeTheFirstInLineTypes) {
  Seats seats({.grace = 30s, .restarted = start});
  seats.enter(1, back("a", false), start);
  seats.enter(2, back("b", false), start);
  EXPECT_EQ(seats.deadline(), start + 30s);
  EXPECT_EQ(told(seats.expire(start + 30s)), "1 writer freed");
  EXPECT_EQ(told(seats.enter(3, back("c", true), start + 31s)), "");
  EXPECT_FALSE(seats.deadline());
}

TEST(SeatsSize, IsTheWritersOrTheSmallestOfThoseThatMayWrite) {
  for (const auto by : {Seats::SizeBy::Writer, Seats::SizeBy::Smallest}) {
    Seats seats({.grace = 0s, .size_by = by});
    EXPECT_FALSE(seats.size());
    seats.enter(1, person(), start);
    seats.enter(2, person(), start);
    seats.enter(3, {.may_write = false}, start);
    seats.say_size(1, {100, 30});
    seats.say_size(2, {80, 50});
    seats.say_size(3, {2, 2});
    const bool smallest = by == Seats::SizeBy::Smallest;
    EXPECT_EQ(seats.size(), (smallest ? TerminalSize{80, 30} : TerminalSize{100, 30}));
    seats.take_over(2);
    EXPECT_EQ(seats.size(), (smallest ? TerminalSize{80, 30} : TerminalSize{80, 50}));
    seats.leave(1, Seats::Leaving::Gone, start);
    EXPECT_EQ(seats.size(), (TerminalSize{80, 50}));
  }
}

// Printed for people; the states that follow are the test.
TEST(SeatsTable, StateByEvent) {
  struct Event { const char* name; void (*apply)(Seats&); };
  const Event events[] = {
      {"enters, may write", [](Seats& s) { s.enter(9, person("new"), start); }},
      {"enters, only reads", [](Seats& s) { s.enter(9, {.may_write = false}, start); }},
      {"enters, takes over", [](Seats& s) { s.enter(9, {.takes_over = true}, start); }},
      {"comes back as the writer", [](Seats& s) { s.enter(9, back("w", true), start); }},
      {"writer goes", [](Seats& s) { s.leave(1, Seats::Leaving::Gone, start); }},
      {"writer is lost", [](Seats& s) { s.leave(1, Seats::Leaving::Lost, start); }},
      {"grace time is over", [](Seats& s) { s.expire(start + 30s); }},
  };
  std::string table, expected =
      "enters, may write: held 9 | held 1 | kept\n"
      "enters, only reads: free | held 1 | kept\n"
      "enters, takes over: held 9 | held 9 | held 9\n"
      "comes back as the writer: held 9 | held 9 | held 9\n"
      "writer goes: free | free | kept\n"
      "writer is lost: free | kept | kept\n"
      "grace time is over: free | held 1 | free\n";
  for (const auto& event : events) {
    table += std::string(event.name) + ":";
    for (const auto state : {Seats::State::Free, Seats::State::Held, Seats::State::Kept}) {
      Seats seats({.grace = 30s});
      if (state != Seats::State::Free) seats.enter(1, person("w"), start);
      if (state == Seats::State::Kept) seats.leave(1, Seats::Leaving::Lost, start);
      event.apply(seats);
      table += std::string(state == Seats::State::Free ? " " : " | ") + std::string(to_string(seats.state()));
      if (seats.writer()) table += " " + std::to_string(*seats.writer());
    }
    table += "\n";
  }
  std::printf("event: free | held | kept\n%s", table.c_str());
  EXPECT_EQ(table, expected);
}

}  // namespace
}  // namespace berth::terminals
