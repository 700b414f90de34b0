#pragma once
// What is open now, and with which key: viewers of terminals, streams of events, pages that follow topics. So a key that is
// revoked or has expired, a user who was disabled and a role that became less also end what was opened before. Any thread.
// What is open is forgotten when it goes; what add() returns may outlive the rest.
//
// Example (std::shared_ptr<control::OpenViewers> open, std::shared_ptr<events::Reader> reader, Error revoked):
//   #include "events/timeline.hpp"
//   reader = control::OpenViewers::add(open, {.key = "key_…", .permission = store::Permission::Read}, reader);
//   open->turn_away([&](const control::OpenViewers::Right& right) -> Result<> {
//     if (right.key == "key_…") return std::unexpected(revoked);
//     return {};
//   });

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "store/people.hpp"

namespace berth::control {

class OpenViewers {
 public:
  struct Right { std::string key; store::Permission permission; };  // what it was opened with, and needs as long as it is open

  // The same thing, noted until it is destroyed. It has turn_away(Error), for any thread.
  template <class T>
  static std::shared_ptr<T> add(std::shared_ptr<OpenViewers> here, Right right, std::shared_ptr<T> what) {
    T* const plain = what.get();
    auto end = [weak = std::weak_ptr<T>(what)](Error why) {
      if (const auto alive = weak.lock()) alive->turn_away(std::move(why));
    };
    return {note(std::move(here), std::move(right), std::move(what), std::move(end)), plain};
  }
  // Those whose right is answered with an error are told it, and end.
  void turn_away(const std::function<Result<>(const Right& right)>& allows);

 private:
  using End = std::function<void(Error)>;
  struct Entry {
    Right right;
    End end;
  };
  struct Noted;
  static std::shared_ptr<void> note(std::shared_ptr<OpenViewers> here, Right right, std::shared_ptr<void> what, End end);
  std::mutex mutex_;
  std::list<Entry> entries_;
};

}  // namespace berth::control
