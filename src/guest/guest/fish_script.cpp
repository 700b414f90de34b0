// The script for fish: handlers of its own events, which nothing in the user's configuration can overwrite.
// fish cannot close a descriptor that it was given, so its script comes as a file (0600, in a directory of 0700) that
// its first line removes.

#include "guest/shell.hpp"

namespace berth::guest {
namespace {

constexpr std::string_view script = R"FISH(
set -g __berth_out
function __berth_escape
    set -g __berth_out (string replace -a '\\' '\\\\' -- $argv[1] | string collect)
    string match -qr '[\x01-\x1f;]' -- "$__berth_out"; or return 0
    for i in $__berth_index
        set -g __berth_out (string replace -a -- $__berth_raw[$i] $__berth_code[$i] "$__berth_out" | string collect)
    end
end

function __berth_stopped
    for pid in (jobs -p)
        test -r /proc/$pid/status; and string match -qr '^State:\s+T' < /proc/$pid/status; and echo $pid
    end
end

function __berth_preexec --on-event fish_preexec
    set -g __berth_before $status (__berth_stopped)
    string match -qr '\S' -- "$argv[1]"; or return
    __berth_escape "$argv[1]"
    printf '\e]633;E;%s;%s\e\\\\\e]133;C;nonce=%s\e\\\\' "$__berth_out" $__berth_nonce $__berth_nonce
    set -g __berth_ran 1
end

# A line that comes right behind a ctrl-C has no fish_preexec. A command that was stopped has no code: $status is still that
# of the one before.
function __berth_postexec --on-event fish_postexec
    set -l code $status
    set -q __berth_ran; or __berth_preexec "$argv[1]"
    if test $code = "$__berth_before[1]"
        for pid in (__berth_stopped)
            contains -- $pid $__berth_before[2..]; or set code ''
        end
    end
    printf '\e]133;D;%s;nonce=%s\e\\\\' $code $__berth_nonce
    set -e __berth_ran
end

function __berth_prompt --on-event fish_prompt
    __berth_escape "$PWD"
    printf '\e]633;P;Cwd=%s;%s\e\\\\\e]133;A;nonce=%s\e\\\\' "$__berth_out" $__berth_nonce $__berth_nonce
end
)FISH";

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string lists() {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string raw = "set -g __berth_raw ';'", code = "set -g __berth_code '\\x3b'", index = "set -g __berth_index 1";
  for (unsigned i = 1; i < 32; ++i) {
    const std::string byte{'\\', 'x', hex[i >> 4], hex[i & 15]};
    raw += ' ' + byte;
    code += " '" + byte + "'";
    index += ' ' + std::to_string(i + 1);
  }
  return raw + "\n" + code + "\n" + index + "\n";
}

}  // namespace

std::string fish_script(std::string_view nonce, const std::optional<std::string>& data_dirs) {
  const std::string directory(directory_mark);
  std::string out = "command rm -rf -- " + directory + "\n";
  out += data_dirs ? "set -gx XDG_DATA_DIRS " + fish_quoted(*data_dirs) + "\n" : std::string("set -e XDG_DATA_DIRS\n");
  for (const char* list : {"fish_function_path", "fish_complete_path"})
    out += std::string("set ") + list + " (string match -v -- '" + directory + "/*' $" + list + ")\n";
  out += "set -g __berth_nonce " + std::string(nonce) + "\n" + lists();
  return out += script;
}

}  // namespace berth::guest
