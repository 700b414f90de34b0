#pragma once
// What programs ask terminals (DA, DSR, DECRQM, XTGETTCAP, colours, …): is there any in some output, and the output without.
//
// Problem: an answer is input. When a terminal shows old output again, or output that another one answers, its answers
// would be typed into the program a second time. And a program that asks while nobody watches waits for an answer.
//
// Both know more questions than vt::Screen answers: those of xterm, kitty, iTerm2 and VTE. Any split gives the same.
// Memory: QueryScanner that of a Parser, QueryFilter besides at most `max_held_bytes` of a sequence that has not ended.
//
// Example (std::string_view output):
//   vt::QueryScanner scanner;
//   if (scanner.feed(output)) bool somebody_waits = true;
//   vt::QueryFilter filter;
//   std::string shown = filter.without_queries(output);
//   shown += filter.release();          // from here on everything is shown as it is

#include <cstddef>
#include <string>
#include <string_view>

#include "vt/parser.hpp"

namespace berth::vt {

class QueryScanner {
 public:
  bool feed(std::string_view bytes);  // a question ended in these

 private:
  Parser parser_;
};

class QueryFilter {
 public:
  static constexpr std::size_t max_held_bytes = Parser::max_payload_bytes;

  // What a terminal may be shown: in the place of a question ESC \, which does nothing; without requests of answerback,
  // and without kitty's images, which are answered too. A sequence that has not ended is held back.
  [[nodiscard]] std::string without_queries(std::string_view bytes);
  [[nodiscard]] bool holds() const { return parser_.state() != ParserState::Ground; }
  // Gives out what is held back, and forgets everything.
  [[nodiscard]] std::string release();

 private:
  void step(char byte, std::string& out);

  Parser parser_;
  std::string held_;
  bool passes_ = false;  // the sequence is too long to be held
};

}  // namespace berth::vt
