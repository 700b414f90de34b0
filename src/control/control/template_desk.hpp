#pragma once
// Templates as clients see them: the room `templates` on a pool of its own (builds take minutes), and what is being built
// at the moment. Any executor.

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "aio/pool.hpp"
#include "control/actions.hpp"
#include "store/store.hpp"
#include "templates/templates.hpp"

namespace berth::control {

class TemplateDesk {
 public:
  TemplateDesk(const templates::Templates& templates, store::Store& store)
      : templates_(templates), store_(store), progress_(std::make_shared<Progress>()) {}

  boost::asio::awaitable<Result<std::vector<TemplateInfo>>> list();
  boost::asio::awaitable<Result<TemplateInfo>> build(std::string name, bool rebuild);
  boost::asio::awaitable<Result<>> remove(std::string name);
  // While it is held a template is not removed: from finding it until a row names its digest. NotFound during a removal.
  using Hold = std::shared_ptr<void>;
  Result<Hold> hold(const std::string& name);
  boost::asio::awaitable<Result<>> collect();  // roots that nothing names or uses any more

 private:
  boost::asio::awaitable<Result<std::set<std::string>>> in_use();  // digests

  struct Progress {
    struct State { std::uint32_t building = 0; std::string line; bool failed = false; };
    std::mutex mutex;
    std::map<std::string, State> of;  // only names of recipes come in here
    std::map<std::string, std::uint32_t> held;
    std::set<std::string> leaving;
  };
  [[nodiscard]] TemplateInfo info(const templates::Template& found) const;

  const templates::Templates& templates_;
  store::Store& store_;
  std::shared_ptr<Progress> progress_;
  aio::Pool looks_{"templates", 2, 256};
  aio::Pool builds_{"builds", 2, 16};
};

}  // namespace berth::control
