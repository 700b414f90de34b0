// The script for bash. How it works, and what was rejected:
//
// PS0 is expanded in the shell itself once a whole command was read, before it runs; a DEBUG trap would cost every simple
// command of every loop and fight the user's own. The command's text comes from `history 1`, in the one fork per command;
// all else in PS0 is parameter expansion with side effects: ${e//${x:=…}} with an empty `e` assigns x and prints nothing,
// and ${e:y=0:0} does arithmetic. PS0 itself only says ${__berth_ps0[__berth_armed]@P}: armed by the prompt, disarmed by
// its first use, so that a lost prompt hook means no markers rather than wrong ones.
//
// History: while a line is read, HISTCONTROL and HISTIGNORE are empty, so that every line can be asked for. PS0 gives them
// back before the command runs, and the next prompt removes from history what they would have kept out.
// With history off (set +o history, HISTSIZE=0) there is no text, since `history 1` would tell of an earlier line.

#include "guest/shell.hpp"

namespace berth::guest {
namespace {

constexpr std::string_view script = R"BASH(
__berth_prompt() {
  local code=$? last=$_
  local -; set +aeux
  if (( ! __berth_armed )); then
    if [[ $__berth_state == run ]]; then
      __berth_keep_history
      builtin printf '\e]133;D;%s;nonce=%s\e\\' "$code" "$__berth_nonce" >&2
    fi
    __berth_histcontrol=${HISTCONTROL-} __berth_histignore=${HISTIGNORE-}
    HISTCONTROL= HISTIGNORE=
  fi
  __berth_state=run
  builtin shopt -s cmdhist lithist promptvars
  local out; __berth_escape "$PWD"
  builtin printf '\e]633;P;Cwd=%s;%s\e\\\e]133;A;nonce=%s\e\\' "$out" "$__berth_nonce" "$__berth_nonce" >&2
  [[ ${PS1-} == *"$__berth_end" ]] || PS1=${PS1//"$__berth_end"}$__berth_end
  [[ ${PS0-} == *"$__berth_begin" ]] || PS0="${PS0-}$__berth_begin"
  __berth_text=()
  __berth_armed=1
}

# What the user's own settings say about the line that ran (bash(1), HISTCONTROL and HISTIGNORE).
__berth_keep_history() {
  local text=${__berth_text[1]-} number
  [[ ${__berth_text[0]-} =~ ^[[:blank:]]*([0-9]+) ]] || return 0
  number=${BASH_REMATCH[1]}
  case :${HISTCONTROL-}: in
    *:ignorespace:* | *:ignoreboth:*)
      [[ $text == ' '* ]] && { builtin history -d "$number" 2>/dev/null; return 0; } ;;
  esac
  case :${HISTCONTROL-}: in
    *:ignoredups:* | *:ignoreboth:*)
      [[ $text == "$__berth_previous" ]] && { builtin history -d "$number" 2>/dev/null; return 0; } ;;
  esac
  if [[ -n ${HISTIGNORE-} || :${HISTCONTROL-}: == *:erasedups:* ]]; then
    builtin history -d "$number" 2>/dev/null && builtin history -s -- "$text"
  fi
  __berth_previous=$text
}

__berth_escape() {
  out=${1//"${__berth_raw[0]}"/"${__berth_escaped[0]}"}
  local i
  if [[ $out == *[';'$'\001'-$'\037']* ]]; then
    for i in "${!__berth_raw[@]}"; do
      (( i )) && out=${out//"${__berth_raw[i]}"/"${__berth_escaped[i]}"}
    done
  fi
}

__berth_setup() {
  local -; set +a
  __berth_e= __berth_previous= __berth_state=start __berth_armed=0 __berth_text=()
  __berth_histcontrol= __berth_histignore= __berth_st=$'\e\\'
  __berth_raw=('\' ';') __berth_escaped=('\\' '\x3b')
  local i hex char
  for (( i = 1; i < 32; i++ )); do
    builtin printf -v hex '\\x%02x' "$i"
    builtin printf -v char "$hex"
    __berth_raw+=("$char") __berth_escaped+=("$hex")
  done
  __berth_input=$'\e]133;B;nonce='$__berth_nonce$'\e\\'
  __berth_end='\[${__berth_input-}\]'  # PS1 may be exported: the nonce is not in it
  __berth_begin='${__berth_ps0[__berth_armed]@P}'

  # Element 1 is decoded as a prompt string and then expanded, all in double quotes.
  local hide='${__berth_e//' ps0 count=${#__berth_raw[@]}
  ps0=$hide'${__berth_text[0]:=$( [[ -o history ]] && HISTTIMEFORMAT= builtin history 1)}}'
  ps0+='${__berth_e:__berth_armed=0:0}'
  ps0+=$hide'${HISTCONTROL:=$__berth_histcontrol}}'$hide'${HISTIGNORE:=$__berth_histignore}}'
  ps0+=$hide'${__berth_text[1]:=${__berth_text[0]#*[0-9][* ] }}}'
  for (( i = 0; i < count; i++ )); do
    ps0+=$hide'${__berth_text['$(( i + 2 ))']:=${__berth_text['$(( i + 1 ))']//"${__berth_raw['$i']}"/"${__berth_escaped['$i']}"}}}'
  done
  ps0+='${__berth_text[0]:+\e]633;E;${__berth_text['$(( count + 1 ))']};'$__berth_nonce'$__berth_st}'
  ps0+='\e]133;C;nonce='$__berth_nonce'\e\\'
  __berth_ps0=('' "$ps0")
}
)BASH";

}  // namespace

std::string bash_script(std::string_view nonce, bool login) {
  std::string out = "exec 3<&-\n__berth_nonce=" + std::string(nonce) + "\n";
  out += script;
  out += login ? R"BASH(
[ -r /etc/profile ] && . /etc/profile
if [ -r ~/.bash_profile ]; then . ~/.bash_profile
elif [ -r ~/.bash_login ]; then . ~/.bash_login
elif [ -r ~/.profile ]; then . ~/.profile
fi
)BASH"
               : R"BASH(
[ -r ~/.bashrc ] && . ~/.bashrc
)BASH";
  out += R"BASH(
__berth_setup
if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501 )); then
  PROMPT_COMMAND[100]=__berth_prompt
else
  __berth_code() { return "$__berth_saved"; }
  PROMPT_COMMAND='__berth_saved=$?; __berth_code'$'\n'"${PROMPT_COMMAND-}"$'\n''__berth_code; __berth_prompt'
fi
)BASH";
  return out;
}

}  // namespace berth::guest
