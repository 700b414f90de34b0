#pragma once
// Two files change places in one step, so that a name stands for the whole of one or the whole of the other at any time.
//
// No state, any thread. Errors from the system; NotFound, and nothing done, when either file is absent. Source: renameat2(2).

#include "base/result.hpp"
#include "os/file.hpp"

namespace berth::os {

// Where the file system cannot exchange (EINVAL), `from` replaces `to` when that is there, and is gone.
Result<> exchange_paths(const Path& from, const Path& to);

}  // namespace berth::os
