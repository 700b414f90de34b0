// Background work as administrators see it. It is the server's own.

#include "control/service_impl.hpp"

namespace berth::control {
namespace {

constexpr std::uint32_t page_limit = 100;

}  // namespace

ServiceImpl::Answer ServiceImpl::handle(Caller, ListJobs action) {
  CO_TRY(check_page(action.page, page_limit));
  CO_TRY_ASSIGN(auto page, co_await domain_.parts.store->read(
                               [action](store::Reader& reader) { return reader.jobs(action.filter, action.page); }));
  co_return Outcome{std::move(page)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RetryJob action) {
  CO_TRY_ASSIGN(auto row, co_await domain_.parts.store->write(
      [id = action.job, now = domain_.parts.clock->now(), also = audit_.of(caller, "job.retried")](store::Unit& unit) -> Result<store::JobRow> {
        TRY(unit.retry_job(id, now));
        TRY(store::write_also(also, unit, id.str()));
        return unit.job(id);
      }));
  jobs_->wake();
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CancelJob action) {
  CO_TRY_ASSIGN(auto row, co_await domain_.parts.store->write(
      [id = action.job, now = domain_.parts.clock->now(), also = audit_.of(caller, "job.cancelled")](store::Unit& unit) -> Result<store::JobRow> {
        TRY(unit.cancel_job(id, now));
        TRY(store::write_also(also, unit, id.str()));
        return unit.job(id);
      }));
  co_return Outcome{std::move(row)};
}

}  // namespace berth::control
