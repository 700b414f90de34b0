#include "control/open_viewers.hpp"

#include <vector>

namespace berth::control {

struct OpenViewers::Noted {
  std::shared_ptr<OpenViewers> here;
  std::shared_ptr<void> what;
  std::list<Entry>::iterator entry{};

  Noted(std::shared_ptr<OpenViewers> where, Right right, std::shared_ptr<void> opened, End end)
      : here(std::move(where)), what(std::move(opened)) {
    const std::lock_guard lock(here->mutex_);
    entry = here->entries_.insert(here->entries_.end(), {std::move(right), std::move(end)});
  }
  ~Noted() {
    const std::lock_guard lock(here->mutex_);
    here->entries_.erase(entry);
  }
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;
};

std::shared_ptr<void> OpenViewers::note(std::shared_ptr<OpenViewers> here, Right right, std::shared_ptr<void> what, End end) {
  return std::make_shared<Noted>(std::move(here), std::move(right), std::move(what), std::move(end));
}

// Nothing is called with the lock held: the last owner of what is open may be here.
void OpenViewers::turn_away(const std::function<Result<>(const Right&)>& allows) {
  std::vector<Entry> all;
  {
    const std::lock_guard lock(mutex_);
    all.assign(entries_.begin(), entries_.end());
  }
  for (const auto& [right, end] : all)
    if (auto good = allows(right); !good) end(std::move(good).error());
}

}  // namespace berth::control
