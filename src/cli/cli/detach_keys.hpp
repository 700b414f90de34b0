#pragma once
// Finds the keys for leaving (ctrl-p ctrl-q) and for taking the keyboard over (ctrl-p ctrl-t) in what a person types,
// wherever the bytes are split. Ctrl-p is held back until the next byte tells; any other byte lets it through, so that
// nothing typed is lost.

#include <string>
#include <string_view>

namespace berth::cli {

class DetachKeys {
 public:
  static constexpr char first = 0x10;   // ctrl-p
  static constexpr char second = 0x11;  // ctrl-q
  static constexpr char take = 0x14;    // ctrl-t
  struct Scan {
    std::string input;
    bool detach = false;
    bool take_over = false;  // before `input`
  };  // what goes to the program; after detach the rest is dropped
  Scan feed(std::string_view typed);

 private:
  bool held_ = false;
};

}  // namespace berth::cli
