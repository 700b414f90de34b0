"""What every benchmark stands on: a server with a home of its own, its API, probes, and process memory."""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time


class Tools:
    """The programs of a build, for benchmarks that need no server."""

    def __init__(self, build):
        self.bin = os.path.join(build, "bin")

    def tool(self, name):
        return os.path.join(self.bin, name)

    def close(self):
        pass


class Rig:
    def __init__(self, build):
        self.bin = os.path.join(build, "bin")
        self.home = tempfile.mkdtemp(prefix="bb-", dir="/tmp")
        os.chmod(self.home, 0o700)
        self.log = open(os.path.join(self.home, "serve.out"), "wb")
        self.environment = dict(os.environ, BERTH_HOME=self.home, BERTH_RATE_REQUESTS_PER_SECOND="100000",
                           BERTH_RATE_BURST="100000", BERTH_TERMINAL_MAX="2000", BERTH_SANDBOX_MAX="1000")
        self._start()
        self.call("POST", "/v1/templates/busybox/build", {})

    def _start(self):
        self.server = subprocess.Popen([self.tool("berth"), "serve", "--port", "0"], env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self._wait_ready()

    def restart(self):
        """Another server, since the one that ran was killed."""
        self.server.kill()
        self.server.wait()
        self._start()

    def settled(self, journal, size):
        """All that was printed is in the journal, and the server has looked after it: its screens are up to date."""
        screens = os.path.join(journal, "screens")
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            kept = sorted(os.listdir(screens)) if os.path.isdir(screens) else []
            if kept and int(kept[-1].split(".")[0]) >= size - (8 << 20):
                return
            time.sleep(0.5)
        raise SystemExit("bench: no checkpoint of the screen after 300 s")

    def tool(self, name):
        return os.path.join(self.bin, name)

    def _wait_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.server.poll() is not None:
                break
            try:
                with open(os.path.join(self.home, "server.json")) as file:
                    self.info = json.load(file)
                self.key = open(os.path.join(self.home, "token")).read().strip()
                self.port = str(self.info["port"])
                self.http = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=600)
                self.http.request("GET", "/readyz")
                answer = self.http.getresponse()
                answer.read()
                if answer.status == 200:
                    return
            except (OSError, ValueError, KeyError):
                pass
            time.sleep(0.02)
        raise SystemExit("bench: the server did not start; see " + self.log.name)

    def call(self, method, path, body=None, expect=(200, 201, 204)):
        headers = {"Authorization": "Bearer " + self.key, "Content-Type": "application/json"}
        self.http.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.http.getresponse()
        data = answer.read()
        if answer.status not in expect:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:400]!r}")
        return json.loads(data) if data else None

    def sandbox(self, isolation, template="busybox", **limits):
        body = {"template": template, "isolation": isolation}
        if limits:
            body["limits"] = limits
        return self.call("POST", "/v1/sandboxes", body)

    def directory(self, sandbox):
        return os.path.join(self.home, "sandboxes", sandbox["id"])

    def workspace(self, sandbox):
        return os.path.join(self.directory(sandbox), "workspace")

    def remove(self, sandbox):
        self.call("DELETE", f"/v1/sandboxes/{sandbox['id']}?force=true")

    def terminal(self, sandbox, argv, **fields):
        return self.call("POST", f"/v1/sandboxes/{sandbox['id']}/terminals", {"argv": argv, **fields})

    def probe(self, mode, *rest, remote=True, **kwargs):
        where = ["127.0.0.1", self.port, self.key] if remote else []
        return subprocess.run([self.tool("berth-bench-probe"), mode, *where, *map(str, rest)], check=True,
                              stdout=subprocess.PIPE, text=True, **kwargs).stdout

    def samples(self, *args, **kwargs):
        return [float(line) for line in self.probe(*args, **kwargs).split()]

    def close(self):
        page = self.call("GET", "/v1/sandboxes?limit=100")
        for sandbox in page["items"]:
            self.remove(sandbox)
        self.server.terminate()
        self.server.wait(30)
        shutil.rmtree(self.home, ignore_errors=True)


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
