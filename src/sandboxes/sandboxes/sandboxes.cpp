#include "sandboxes/sandboxes.hpp"

#include <fmt/format.h>

#include <ranges>

#include "crypto/crypto.hpp"
#include "events/told.hpp"
#include "os/file.hpp"
#include "sandboxes/insist.hpp"
#include "sandboxes/name.hpp"

namespace berth::sandboxes {
namespace {

using boost::asio::awaitable;

constexpr int short_names = 8;   // tries before a number follows
constexpr int name_tries = 16;
constexpr std::size_t secret_bytes = 32;

std::string pick_name(int attempt) {
  const auto random = crypto::random_array<4>();
  return readable_name(std::span(random).first(attempt < short_names ? 2 : 4));
}

wire::ShimSpec make_spec(const Context& context, const store::SandboxRow& row, const Request& request) {
  const Options& options = context.options;
  wire::ShimSpec spec;
  spec.set_version(1);
  spec.set_sandbox_id(row.id.str());
  spec.set_sandbox_dir(options.directory / row.id.str());
  spec.set_terminals_dir(options.journals);
  spec.set_template_root(request.template_root);
  spec.set_runtime(request.runtime.path);
  spec.set_runtime_kind(request.runtime.kind);
  for (const auto& flag : request.runtime.flags) spec.add_runtime_flags(flag);
  spec.set_init_path(options.init);
  spec.set_hostname(row.name);
  auto& limits = *spec.mutable_limits();
  limits.set_memory_bytes(row.memory_bytes);
  limits.set_cpu_millis(row.cpu_millis);
  limits.set_processes(row.processes);
  limits.set_open_files(row.open_files);
  const auto secret = crypto::random_array<secret_bytes>();
  spec.set_secret(secret.data(), secret.size());
  spec.set_cgroup_parent(options.cgroup_parent);
  for (const auto& [name, value] : request.env) {
    auto& variable = *spec.add_env();
    variable.set_name(name);
    variable.set_value(value);
  }
  spec.set_send_buffer_bytes(options.send_buffer_bytes);
  spec.set_start_timeout_ms(static_cast<std::uint32_t>(options.start_timeout.count()));
  spec.set_stop_grace_ms(static_cast<std::uint32_t>(options.stop_grace.count()));
  spec.set_journal_segment_bytes(options.journal_segment_bytes);
  spec.set_journal_sync_ms(static_cast<std::uint32_t>(options.journal_sync.count()));
  return spec;
}

store::SandboxRow make_row(const Context& context, const Request& request) {
  return {.id = crypto::new_id<SandboxId>(),
          .owner = request.owner,
          .name = request.name,
          .template_name = request.template_name,
          .template_digest = request.template_digest,
          .isolation = request.runtime.isolation,
          .runtime = request.runtime.kind,
          .state = store::SandboxState::Provisioning,
          .memory_bytes = request.limits.memory_bytes,
          .cpu_millis = request.limits.cpu_millis,
          .processes = request.limits.processes,
          .open_files = request.limits.open_files,
          .remove_on_exit = request.remove_on_exit,
          .created = context.clock->now()};
}

}  // namespace

// ---- who lives ----

std::shared_ptr<Sandbox> Sandboxes::find(const SandboxId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : found->second;
}

std::shared_ptr<Sandbox> Sandboxes::find(const std::string& owner, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(live_ | std::views::values, [&](const auto& sandbox) {
    return sandbox->name() == name && sandbox->owner() == owner;
  });
  return found == std::ranges::end(live_ | std::views::values) ? nullptr : *found;
}

std::size_t Sandboxes::live() const {
  const std::lock_guard lock(mutex_);
  return live_.size();
}

std::shared_ptr<Sandbox> Sandboxes::enter(store::SandboxRow row) {
  auto sandbox = std::make_shared<Sandbox>(context_, std::move(row), lanes_.next(),
                                           [this](const SandboxId& id) { leave(id); });
  const std::lock_guard lock(mutex_);
  live_.emplace(sandbox->id(), sandbox);
  return sandbox;
}

void Sandboxes::leave(const SandboxId& id) {
  std::shared_ptr<Sandbox> last;  // destroyed outside of the lock
  const std::lock_guard lock(mutex_);
  const auto found = live_.find(id);
  if (found == live_.end()) return;
  last = std::move(found->second);
  live_.erase(found);
  if (const auto claim = claims_.find(last->owner()); claim != claims_.end() && --claim->second == 0) claims_.erase(claim);
}

Result<> Sandboxes::claim(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  auto& claims = claims_[owner];
  if (claims >= context_.options.max_per_owner)
    return fail(Code::ResourceExhausted, fmt::format("There are {} sandboxes already.", claims),
                "Stop one, or raise sandbox.max.");
  ++claims;
  return {};
}

void Sandboxes::release_claim(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  if (const auto claim = claims_.find(owner); claim != claims_.end() && --claim->second == 0) claims_.erase(claim);
}

// ---- making and removing ----

awaitable<Result<store::SandboxRow>> Sandboxes::create(Request request) {
  const bool pick = request.name.empty();
  if (!pick) CO_TRY(check_name(request.name));
  CO_TRY(claim(request.owner));
  auto row = co_await insert_row(make_row(context_, request), pick, request.also);
  if (!row) {
    release_claim(request.owner);
    co_return std::unexpected(std::move(row).error());
  }
  const auto sandbox = enter(*row);
  CO_TRY(co_await aio::on(sandbox->executor(), sandbox->start(make_spec(context_, *row, request))));
  co_return co_await aio::on(sandbox->executor(), row_of(sandbox));
}

awaitable<Result<store::SandboxRow>> Sandboxes::row_of(std::shared_ptr<Sandbox> sandbox) { co_return sandbox->row(); }

awaitable<Result<store::SandboxRow>> Sandboxes::insert_row(store::SandboxRow row, bool pick, store::Also also) {
  for (int attempt = 0;; ++attempt) {
    if (pick) row.name = pick_name(attempt);
    auto inserted = co_await context_.store->write([row, also](store::Unit& unit) -> Result<> {
      TRY(events::insert_sandbox(unit, row));
      return store::write_also(also, unit, row.id.str());
    });
    if (inserted) co_return row;
    if (inserted.error().code != Code::AlreadyExists) co_return std::unexpected(std::move(inserted).error());
    if (!pick || attempt == name_tries)
      co_return fail(Code::AlreadyExists, fmt::format("There is a sandbox named {} already.", row.name),
                     "Take another name, or remove that one.");
  }
}

awaitable<Result<>> Sandboxes::remove(SandboxId id, store::Also also) {
  if (find(id)) co_return fail(Code::FailedPrecondition, "The sandbox runs.", "Stop it first, or remove it with force.");
  CO_TRY_ASSIGN(const auto terminals, co_await context_.store->read([id](store::Reader& reader) { return reader.terminals(id); }));
  std::vector<std::filesystem::path> trees{context_.options.directory / id.str()};
  for (const auto& terminal : terminals) trees.push_back(context_.options.journals / terminal.id.str());
  CO_TRY(co_await insist(*context_.pool, [trees, leaves = context_.leaves, group = context_.options.cgroup_parent + "/" + id.str()]() -> Result<> {
    os::Process none;
    end_shim(trees.front(), none);
    TRY(leaves.remove_traces(trees.front(), group));  // what a clean-up that failed has left
    for (const auto& tree : trees) TRY(os::remove_tree(tree));
    return {};
  }));
  co_return co_await context_.store->write(
      [id, also, now = context_.clock->now()](store::Unit& unit) -> Result<> {
        TRY(events::remove_sandbox(unit, id, now));
        return store::write_also(also, unit, id.str());
      });
}

}  // namespace berth::sandboxes
