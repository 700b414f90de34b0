// The script for shells that have nothing but a prompt that is expanded: dash, busybox ash, and what else reads ENV.
//
// PS1 alone does the work. ${__berth_e#…} with an empty __berth_e prints nothing but expands its pattern, where
// arithmetic assigns; a function in a substitution cannot assign, since it runs in a process of its own.
// busybox ash is known by its `history` and its LINENO, which grows with each command that was evaluated: unchanged, it
// tells an empty line or one that was given up. Its line editor decodes backslashes in a prompt, hence BEL as the end of
// markers and \[ \] around them, and prints the same prompt again when the window changes: what must be said once is
// printed by the function itself.
// PS1 may be exported: a shell inside has no __berth_osc, so that nothing of it shows there.
// Rejected: `set -x` and traps show themselves to the user; reading lines by a loop of our own loses line editing.

#include "guest/shell.hpp"

namespace berth::guest {
namespace {

constexpr std::string_view setup = R"SH(
__berth_setup() {
  __berth_e= __berth_code=0 __berth_ran=0 __berth_line=0 __berth_more=0 __berth_count=0
  local ps0 ps1="${PS1-}" ps2="${PS2-}"
  __berth_bel=$(printf '\007')
  __berth_osc="$(printf '\033')]" __berth_end=";nonce=$__berth_nonce$__berth_bel"
  ps0='${__berth_e#$((__berth_code=$?))}${__berth_e#$((__berth_count+=1))}'
  if command -v history >/dev/null 2>&1 && [ -n "${LINENO-}" ] && [ -z "${KSH_VERSION-}" ]; then
    ps0="$ps0"'${__berth_e#$((__berth_ran=LINENO-__berth_line))}${__berth_e#$((__berth_line=LINENO))}'
    ps0="$ps0"'$(__berth_tell >&2)${__berth_e#$((__berth_more=0))}'
    PS1='${__berth_osc:+\['"$ps0"'\]}'"$ps1"'${__berth_osc:+\[${__berth_osc}133;I${__berth_end}\]}'
    PS2='${__berth_osc:+\[${__berth_e#$((__berth_more+=1))}${__berth_osc}133;P;k=s${__berth_end}\]}'"$ps2"
  else
    ps0="$ps0"'${__berth_osc}133;D;${__berth_code}${__berth_end}${__berth_osc}7;kitty-shell-cwd://${__berth_nonce}@${PWD}${__berth_bel}'
    PS1='${__berth_osc:+'"$ps0"'${__berth_osc}133;A${__berth_end}}'"$ps1"'${__berth_osc:+${__berth_osc}133;I${__berth_end}}'
    PS2='${__berth_osc:+${__berth_osc}133;P;k=s${__berth_end}}'"$ps2"
  fi
}

__berth_tell() {
  if [ "$__berth_count" -gt 1 ]; then
    if [ "$__berth_more" -eq 0 ]; then
      printf '%s' "${__berth_osc}633;E;$(history | tail -n 1 |
        sed 's/^ *[0-9]* //; s/\\/\\\\/g; s/;/\\x3b/g; s/\t/\\x09/g; s/[[:cntrl:]]//g');$__berth_nonce$__berth_bel"
    fi
    [ "$__berth_ran" -ne 0 ] && printf '%s' "${__berth_osc}133;C${__berth_end}"
    printf '%s' "${__berth_osc}133;D;$__berth_code$__berth_end"
  fi
  printf '%s' "${__berth_osc}7;kitty-shell-cwd://$__berth_nonce@$PWD$__berth_bel"
  printf '%s' "${__berth_osc}133;A$__berth_end"
}
)SH";

}  // namespace

std::string posix_script(std::string_view nonce, bool login, const std::optional<std::string>& env) {
  std::string out = "exec 3<&-\n";
  out += env ? "ENV=" + single_quoted(*env) + "\n" : std::string("unset ENV\n");
  out += "__berth_nonce=" + std::string(nonce) + "\nif [ -z \"${BASH_VERSION-}\" ]; then\n";
  if (login) out += "[ -r /etc/profile ] && . /etc/profile\n[ -r ~/.profile ] && . ~/.profile\n";
  out += "if [ -n \"${ENV-}\" ] && [ -r \"$ENV\" ]; then . \"$ENV\"; fi\n";
  out += setup;
  out += "__berth_setup\nunset -f __berth_setup\nreturn 0\nfi\n";
  return out + bash_script(nonce, login);  // a bash that is named sh comes to here
}

}  // namespace berth::guest
