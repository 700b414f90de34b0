"""What the end-to-end tests stand on: homes, servers, the command line, and waiting."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(os.environ.get("BERTH_BIN", Path(__file__).resolve().parents[2] / "build/asan/bin"))
SLOW = float(os.environ.get("BERTH_SLOW", "1"))  # how much longer than usual things may take
SEED = int(os.environ.get("BERTH_SEED", time.time_ns() % 2**32))
ISOLATIONS = ("container", "gvisor")
RUNTIMES = {"container": ("runc", "crun"), "gvisor": ("runsc",)}


def eventually(question, seconds=10, what="it"):
    """Asks with growing pauses until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds * SLOW
    pause = 0.002
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds * SLOW:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def new_home():
    """Short, because the paths of unix sockets are."""
    return Path(tempfile.mkdtemp(prefix="bt-", dir="/tmp"))


class Server:
    """`berth serve` with a home. start() returns when it is ready; the port is chosen by the kernel."""

    def __init__(self, home, env=None, args=(), wrap=()):
        self.home = Path(home)
        self.env = {"BERTH_RATE_REQUESTS_PER_SECOND": "100000", "BERTH_RATE_BURST": "100000", **(env or {})}
        self.args = ["--port", "0", *args] if "--port" not in args else list(args)
        self.wrap = list(wrap)
        self.process = None
        self.refused = False  # it does not start, and that is right
        self.output = Path(str(self.home) + ".out")

    def launch(self, *args, env=None):
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen([*self.wrap, BIN / "berth", "serve", *self.args, *args],
                                            env={**self.environment(), **(env or {})}, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        return self

    def start(self):
        self.launch()
        eventually(self.is_ready, 30, "a server that is ready")
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.said()}")
        try:
            return self.api().call("GET", "/readyz").status == 200
        except OSError:
            return False

    def environment(self):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
        return {**clean, "BERTH_HOME": str(self.home), **self.env}

    def said(self, lines=40):
        texts = [path.read_text(errors="replace").splitlines()[-lines:]
                 for path in (self.output, self.home / "log/server.log") if path.exists()]
        return "\n".join(line for text in texts for line in text)

    def api(self):
        from api import Api
        return Api(socket=self.home / "berth.sock")

    def tcp(self, key=None):
        from api import Api
        return Api(port=self.port, key=self.key if key is None else key)

    @property
    def port(self):
        return int(json.loads((self.home / "server.json").read_text())["port"])

    @property
    def key(self):
        return (self.home / "token").read_text().strip()

    def take_over(self):
        """Another process takes the place of the one that runs, which ends as it should."""
        before = self.process
        self.launch("--take-over")
        eventually(lambda: before.poll() is not None or self.process.poll() is not None, 60, "the end of the earlier server")
        assert self.process.poll() is None, f"the server that came ended with {self.process.returncode}: {self.said()}"
        assert before.returncode == 0, self.said()
        eventually(self.is_ready, 30, "a server that is ready")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            return self.process.wait(60 * SLOW)
        return self.process and self.process.returncode

    def cli(self, *words, **kwargs):
        return cli(self.home, *words, **kwargs)


def cli(home, *words, check=None, timeout=120, env=None, **kwargs):
    """Runs `berth WORDS…`; `check` is the exit code that is expected."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
    kwargs.setdefault("stdin", subprocess.DEVNULL if "input" not in kwargs else None)
    if kwargs["stdin"] is None:
        del kwargs["stdin"]
    done = subprocess.run([BIN / "berth", *map(str, words)], env={**clean, "BERTH_HOME": str(home), **(env or {})},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout * SLOW, **kwargs)
    if check is not None:
        assert done.returncode == check, (f"berth {' '.join(map(str, words))}: exit code {done.returncode}, "
                                          f"expected {check}\nstdout: {done.stdout[-2000:]}\nstderr: {done.stderr[-2000:]}")
    return done


def listed(done):
    """The items that a verb printed with --json."""
    value = json.loads(done.stdout)
    assert isinstance(value, list), value
    return value


def clean_up(server):
    """Ends the server and all of its sandboxes, and says what was left behind by them. The home goes too."""
    from traces import traces
    left = []
    try:
        if server.process is None or server.process.poll() is not None:
            if (server.home / "berth.db").exists() and not server.refused:
                server.start()
        if server.process and server.process.poll() is None:
            api = server.api()
            for sandbox in api.all("/v1/sandboxes"):
                api.call("DELETE", f"/v1/sandboxes/{sandbox['id']}?force=true", expect=204)
            code = server.stop()
            if code != 0:
                left.append(f"the server ended with {code}: {server.said(15)}")
            left += eventually_none(lambda: traces(server.home))
    except (AssertionError, subprocess.TimeoutExpired, OSError) as failure:
        left.append(str(failure))
    finally:
        if server.process and server.process.poll() is None:
            server.kill()
    if left:
        keep = os.environ.get("BERTH_KEEP")
        print(f"server of {server.home} said:\n{server.said()}", file=sys.stderr)
        if keep:
            return left
    shutil.rmtree(server.home, ignore_errors=True)
    server.output.unlink(missing_ok=True)
    return left


def eventually_none(question, seconds=5):
    """What question() still lists when the time is over."""
    last = []

    def none():
        last[:] = question()
        return not last

    try:
        eventually(none, seconds)
    except AssertionError:
        pass
    return list(last)
