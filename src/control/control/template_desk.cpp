#include "control/template_desk.hpp"

#include <algorithm>

#include "control/validate.hpp"

namespace berth::control {

using boost::asio::awaitable;

TemplateInfo TemplateDesk::info(const templates::Template& found) const {
  TemplateInfo out{.name = found.name, .digest = found.digest, .state = found.ready() ? "ready" : "absent",
                   .description = found.description, .progress = {}, .size_bytes = found.size_bytes, .built = {}};
  if (found.ready()) out.built = found.built;
  const std::lock_guard lock(progress_->mutex);
  const auto state = progress_->of.find(found.name);
  if (state == progress_->of.end()) return out;
  out.progress = state->second.line;
  if (state->second.building > 0) out.state = "building";
  else if (state->second.failed && !found.ready()) out.state = "failed";
  return out;
}

awaitable<Result<std::vector<TemplateInfo>>> TemplateDesk::list() {
  CO_TRY_ASSIGN(const auto all, co_await looks_.run([this] { return templates_.list(); }));
  std::vector<TemplateInfo> out;
  for (const auto& found : all) out.push_back(info(found));
  co_return out;
}

awaitable<Result<TemplateInfo>> TemplateDesk::build(std::string name, bool rebuild) {
  CO_TRY(check_template_name(name));
  CO_TRY_ASSIGN(const auto all, co_await looks_.run([this] { return templates_.list(); }));
  if (std::ranges::find(all, name, &templates::Template::name) == all.end())
    co_return fail(Code::NotFound, "There is no such template.", "\"berth template ls\" lists them.");
  const auto progress = progress_;
  {
    const std::lock_guard lock(progress->mutex);
    progress->of[name].failed = false;
    ++progress->of[name].building;
  }
  auto built = co_await builds_.run([this, name, rebuild, progress] {
    const auto tell = [&](std::string_view line) {
      const std::lock_guard lock(progress->mutex);
      progress->of[name].line = line.substr(0, 512);
    };
    return templates_.build(name, tell, rebuild ? templates::Rebuild::Yes : templates::Rebuild::No);
  });
  {
    const std::lock_guard lock(progress->mutex);
    auto& state = progress->of[name];
    --state.building;
    state.failed = !built;
    if (built) state.line.clear();
  }
  if (!built) co_return std::unexpected(std::move(built).error());
  co_return info(*built);
}

awaitable<Result<>> TemplateDesk::remove(std::string name) {
  CO_TRY(check_template_name(name));
  {
    const std::lock_guard lock(progress_->mutex);
    if (progress_->held.contains(name))
      co_return fail(Code::FailedPrecondition, "A sandbox is being made from this template.", "Try again in a while.");
    if (!progress_->leaving.insert(name).second) co_return fail(Code::FailedPrecondition, "The template is being removed.");
  }
  auto used = co_await in_use();
  auto removed = used ? co_await looks_.run([this, name, used = *used] { return templates_.remove(name, used); })
                      : Result<>(std::unexpected(std::move(used).error()));
  const std::lock_guard lock(progress_->mutex);
  progress_->leaving.erase(name);
  co_return removed;
}

Result<TemplateDesk::Hold> TemplateDesk::hold(const std::string& name) {
  const std::lock_guard lock(progress_->mutex);
  if (progress_->leaving.contains(name)) return fail(Code::NotFound, "The template is being removed.");
  ++progress_->held[name];
  return Hold(progress_.get(), [progress = progress_, name](void*) {
    const std::lock_guard release(progress->mutex);
    if (--progress->held[name] == 0) progress->held.erase(name);
  });
}

awaitable<Result<>> TemplateDesk::collect() {
  CO_TRY_ASSIGN(const auto used, co_await in_use());
  co_return co_await looks_.run([this, used] { return templates_.collect(used); });
}

awaitable<Result<std::set<std::string>>> TemplateDesk::in_use() {
  CO_TRY_ASSIGN(const auto live, co_await store_.read([](store::Reader& reader) { return reader.live_sandboxes(); }));
  std::set<std::string> digests;
  for (const auto& row : live) digests.insert(row.template_digest);
  co_return digests;
}

}  // namespace berth::control
