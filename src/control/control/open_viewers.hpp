#pragma once
// Who watches with which key, so that a key that is revoked, has expired, or whose user was disabled also ends what it opened
// before. Any thread. An attachment is forgotten when it goes; what add() returns may outlive the rest.

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "control/attach.hpp"

namespace berth::control {

class OpenViewers {
 public:
  // The same attachment, noted until it is destroyed.
  static std::shared_ptr<Attachment> add(std::shared_ptr<OpenViewers> here, std::string key, std::shared_ptr<Attachment> attachment);
  // Those whose key is answered with an error are told it, and end.
  void turn_away(const std::function<Result<>(const std::string& key)>& opens);

 private:
  struct Entry {
    std::string key;
    std::weak_ptr<Attachment> attachment;
  };
  struct Noted;
  std::mutex mutex_;
  std::list<Entry> entries_;
};

}  // namespace berth::control
