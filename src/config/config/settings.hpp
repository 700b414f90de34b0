#pragma once
// Every setting as a plain value, made from settings.def: `settings.http.port`, `settings.http.idle_timeout_ms`. A
// misspelt name does not compile. A default-made Settings holds the defaults; config/config.hpp reads one from file,
// environment and flags. A value: copy what you need, it never changes under you.

#include "config/types.hpp"

namespace berth::config {

struct Settings {
#define GROUP(group, about) struct {
#define SETTING(type, member, initial, range, help) type member = type(initial);
#define END_GROUP(group) \
  }                      \
  group;
#include "config/settings.def"
#undef GROUP
#undef SETTING
#undef END_GROUP
};

}  // namespace berth::config
