# From a bare machine to a command that ran in a sandbox and was recorded. Idempotent: what is done is not done again.

. tools/dev.d/deps.sh

berth() { build/release/bin/berth "$@"; }

# The pid of the home's server, if it runs; the kernel says which file it was started from.
server_pid() {
  local pid
  pid=$(sed -n 's/.*"pid":[[:space:]]*\([0-9]*\).*/\1/p' "$BERTH_HOME/server.json" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ -e "/proc/$pid/exe" ] && echo "$pid"
}

start_server() {
  local pid binary
  binary=$(readlink -f build/release/bin/berth)
  if pid=$(server_pid); then
    if [ "$(readlink "/proc/$pid/exe")" = "$binary" ]; then
      echo "a server of this build runs (pid $pid)"
      return
    fi
    echo "a server of another build runs (pid $pid): its sandboxes stay, the server is started again"
    berth server stop || return
  fi
  berth server start
}

first_command() {
  berth run --rm -- sh -c 'echo "hello from $(. /etc/os-release; echo "$PRETTY_NAME"), user $(id -un), kernel $(uname -r)"'
}

dev_up() {
  [ $# -eq 0 ] || bad_option "up takes no options"
  need_root
  export BERTH_HOME=${BERTH_HOME:-$HOME/.local/share/berth}
  dev_deps
  phase "build (release)" build release berth berth-shim berth-init
  give_back
  phase "server" start_server
  phase "template debian" berth template build debian
  phase "a first command, in a sandbox that is removed after it" first_command
  say "what was recorded"
  berth history --limit 1
  local as=${SUDO_USER:+sudo } home=""
  [ "$BERTH_HOME" = "$HOME/.local/share/berth" ] || home="BERTH_HOME=$BERTH_HOME "
  cat <<TEXT

Berth runs at $(sed -n 's/.*"url":[[:space:]]*"\([^"]*\)".*/\1/p' "$BERTH_HOME/server.json"); its API is described at /openapi.json there.
  the token for the API:    $BERTH_HOME/token
  a terminal in a sandbox:  $as${home}build/release/bin/berth run --name dev      (ctrl-p ctrl-q leaves it running)
  back to it:               $as${home}build/release/bin/berth attach dev
  stop everything:          ./tools/dev down
TEXT
}
