#pragma once
// What the server does by itself, as jobs that repeat: reads and checks the whole database, forgets the oldest events of the
// timeline, and, when history.keep_days
// says so, forgets terminals that ended long ago: first their journals, then their rows, so that a crash between leaves
// rows that the next round takes again and never a journal that nothing names.

#include "aio/pool.hpp"
#include "control/domain.hpp"
#include "jobs/jobs.hpp"

namespace berth::control {

// Before jobs.start(). `domain` and `pool` outlive the jobs.
void add_housekeeping(jobs::Jobs& jobs, Domain& domain, aio::Pool& pool);

}  // namespace berth::control
