// Beast's non-template code, compiled once for api_http, api_ws and client (BOOST_BEAST_SEPARATE_COMPILATION).
#include <boost/beast/src.hpp>
