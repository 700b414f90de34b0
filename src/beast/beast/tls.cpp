// Asio's TLS code, compiled once for the same rooms; Asio itself is compiled in aio.
#include <boost/asio/ssl/impl/src.hpp>
