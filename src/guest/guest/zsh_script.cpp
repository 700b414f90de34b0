// The script for zsh, read by a .zshenv of ours that does nothing else. How it works, and what was rejected:
//
// ZDOTDIR is the user's again before anything of theirs runs, so that what they keep beside their files (history, the
// completion dump) stays where it was. Their .zshrc comes later and may set precmd_functions anew: the hooks are put in
// by `sched`, which zsh runs before its first prompt, after all files. Files of ours for every stage would have their
// global zshrc write its dump into our directory.
//
// zsh marks the end of output without a newline (PROMPT_SP) before any hook runs. So that those bytes are no output of
// the command, D stands at the front of PROMPT_EOL_MARK, which is expanded then; the hook sends D again for who has
// that option off, and a second D means nothing.

#include "guest/shell.hpp"

namespace berth::guest {
namespace {

constexpr std::string_view script = R"ZSH(
__berth_escape() {
  emulate -L zsh
  local LC_ALL=C i
  __berth_out=${1//\\/\\\\}
  __berth_out=${__berth_out//;/\\x3b}
  [[ $__berth_out == *[$'\x01'-$'\x1f']* ]] || return 0
  for (( i = 1; i < 32; i++ )); do
    __berth_out=${__berth_out//${(#)i}/\\x${(l:2::0:)$(( [##16] i ))}}
  done
}

__berth_preexec() {
  emulate -L zsh
  if [[ -n $1 ]]; then
    __berth_escape "$1"
    builtin print -rn -- $'\e]633;E;'$__berth_out';'$__berth_nonce$'\e\\' >&2
  fi
  builtin print -rn -- $'\e]133;C;nonce='$__berth_nonce$'\e\\' >&2
  __berth_ran=1
  PS1=${PS1%"$__berth_b"}  # it may be exported: the nonce is in no program's environment
}

__berth_precmd() {
  local code=$? percent=
  [[ -o promptpercent ]] && percent=1
  emulate -L zsh
  if [[ -n $__berth_ran ]]; then
    builtin print -rn -- $'\e]133;D;'$code';nonce='$__berth_nonce$'\e\\' >&2
    __berth_ran=
  fi
  __berth_escape "$PWD"
  builtin print -rn -- $'\e]633;P;Cwd='$__berth_out';'$__berth_nonce$'\e\\\e]133;A;nonce='$__berth_nonce$'\e\\' >&2
  [[ ${precmd_functions[-1]} == __berth_precmd ]] ||
    precmd_functions=(${precmd_functions:#__berth_precmd} __berth_precmd)
  (( ${preexec_functions[(I)__berth_preexec]} )) || preexec_functions+=(__berth_preexec)
  [[ -n $percent ]] || return 0
  [[ $PS1 == *"$__berth_b" ]] || PS1=${PS1//"$__berth_b"}$__berth_b
  [[ ${PROMPT_EOL_MARK-} == "$__berth_d"* ]] || PROMPT_EOL_MARK=$__berth_d${PROMPT_EOL_MARK-'%B%S%#%s%b'}
}

__berth_b=$'%{\e]133;B;nonce='$__berth_nonce$'\e\\%}'
__berth_d=$'%{\e]133;D;%?;nonce='$__berth_nonce$'\e\\%}'
if zmodload zsh/sched 2>/dev/null; then
  sched +0 __berth_precmd
else
  precmd_functions+=(__berth_precmd)
fi
if [[ -r ${ZDOTDIR:-$HOME}/.zshenv ]]; then
  . ${ZDOTDIR:-$HOME}/.zshenv
fi
)ZSH";

}  // namespace

std::string zsh_script(std::string_view nonce, const std::optional<std::string>& zdotdir) {
  const std::string directory(directory_mark);
  std::string out = "exec 3<&-\n";
  out += zdotdir ? "export ZDOTDIR=" + single_quoted(*zdotdir) + "\n" : std::string("unset ZDOTDIR\n");
  out += "if zmodload -F zsh/files b:zf_rm b:zf_rmdir 2>/dev/null; then\n  zf_rm -f " + directory + "/.zshenv\n  zf_rmdir " +
         directory + "\n  zmodload -u zsh/files\nelse\n  command rm -rf " + directory + "\nfi\n";
  out += "typeset -g __berth_nonce=" + std::string(nonce) + " __berth_ran= __berth_out= __berth_b __berth_d\n";
  return out += script;
}

}  // namespace berth::guest
