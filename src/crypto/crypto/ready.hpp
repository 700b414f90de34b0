#pragma once
// Private to crypto: libsodium is initialised before its first use, once.

namespace berth::crypto {
void ready();
}
