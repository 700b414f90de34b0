#include "control/open_viewers.hpp"

#include <utility>
#include <vector>

namespace berth::control {

struct OpenViewers::Noted {
  std::shared_ptr<OpenViewers> here;
  std::shared_ptr<Attachment> attachment;
  std::list<Entry>::iterator entry{};

  Noted(std::shared_ptr<OpenViewers> where, std::string key, std::shared_ptr<Attachment> what)
      : here(std::move(where)), attachment(std::move(what)) {
    const std::lock_guard lock(here->mutex_);
    entry = here->entries_.insert(here->entries_.end(), {std::move(key), attachment});
  }
  ~Noted() {
    const std::lock_guard lock(here->mutex_);
    here->entries_.erase(entry);
  }
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;
};

std::shared_ptr<Attachment> OpenViewers::add(std::shared_ptr<OpenViewers> here, std::string key, std::shared_ptr<Attachment> attachment) {
  const auto noted = std::make_shared<Noted>(std::move(here), std::move(key), std::move(attachment));
  return {noted, noted->attachment.get()};
}

// Nothing is called with the lock held: the last owner of an attachment may be here.
void OpenViewers::turn_away(const std::function<Result<>(const std::string& key)>& opens) {
  std::vector<std::pair<std::string, std::shared_ptr<Attachment>>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : entries_)
      if (auto attachment = weak.lock()) all.emplace_back(key, std::move(attachment));
  }
  for (const auto& [key, attachment] : all)
    if (auto good = opens(key); !good) attachment->turn_away(std::move(good).error());
}

}  // namespace berth::control
