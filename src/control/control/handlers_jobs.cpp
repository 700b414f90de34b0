// Background work as its owner sees it. It is the server's own: nobody but the owner of the home may touch it.

#include "control/service_impl.hpp"

namespace berth::control {
namespace {

constexpr std::uint32_t page_limit = 100;

Result<> check_owner_of_home(const Caller& caller) {
  if (caller.owner == local_owner) return {};
  return fail(Code::PermissionDenied, "Only the owner of this server sees its background work.");
}

}  // namespace

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListJobs action) {
  CO_TRY(check_owner_of_home(caller));
  CO_TRY(check_page(action.page, page_limit));
  CO_TRY_ASSIGN(auto page, co_await domain_.parts.store->read(
                               [action](store::Reader& reader) { return reader.jobs(action.filter, action.page); }));
  co_return Outcome{std::move(page)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RetryJob action) {
  CO_TRY(check_owner_of_home(caller));
  CO_TRY_ASSIGN(auto row, co_await domain_.parts.store->write(
      [id = action.job, now = domain_.parts.clock->now()](store::Unit& unit) -> Result<store::JobRow> {
        TRY(unit.retry_job(id, now));
        return unit.job(id);
      }));
  jobs_->wake();
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CancelJob action) {
  CO_TRY(check_owner_of_home(caller));
  CO_TRY_ASSIGN(auto row, co_await domain_.parts.store->write(
      [id = action.job, now = domain_.parts.clock->now()](store::Unit& unit) -> Result<store::JobRow> {
        TRY(unit.cancel_job(id, now));
        return unit.job(id);
      }));
  co_return Outcome{std::move(row)};
}

}  // namespace berth::control
