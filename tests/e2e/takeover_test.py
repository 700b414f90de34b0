"""A second server takes the place of one that runs: nobody is refused, viewers get each byte once, no key is lost; and when
it does not get ready, the first one goes on."""

import asyncio
import hashlib
import http.client
import json
import os
import random
import socket
import stat
import subprocess
import sys
import threading

import aiohttp
from api import Api
from crash_test import SOURCE
from kit import SEED, SLOW, eventually
from viewer import Viewer

ROUNDS = int(os.environ.get("BERTH_TAKEOVERS", "20"))

# New connections as fast as they are answered, until the pipe closes; then how many were, and what went wrong.
HAMMER = """
import http.client, json, os, select, socket, sys
port, key, path, limit = int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(limit)
        self.sock.connect(path)
answered, wrong = 0, []
print("begun", flush=True)
while not select.select([0], [], [], 0)[0]:
    for connection in (http.client.HTTPConnection("127.0.0.1", port, timeout=limit), Unix("localhost")):
        try:
            connection.request("GET", "/v1/info", headers={"Authorization": "Bearer " + key})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                wrong.append(f"{answer.status} {body[:200]}")
            answered += 1
        except OSError as error:
            wrong.append(repr(error))
        except http.client.HTTPException as error:
            wrong.append(repr(error))
        connection.close()
print(json.dumps([answered, wrong[:5], len(wrong)]))
"""


class Hammer:
    """A client process that never stops asking."""

    def __init__(self, server):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(server.port), server.key, str(server.home / "berth.sock"), str(60 * SLOW)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "begun\n"

    def stop(self):
        out, _ = self.process.communicate(timeout=120 * SLOW)  # closes its input
        return json.loads(out)


def pid_of(server):
    return json.loads((server.home / "server.json").read_text())["pid"]


def test_nobody_is_refused(own):
    server = own()
    hammers = [Hammer(server) for _ in range(2)]
    pids = {pid_of(server)}
    for _ in range(ROUNDS):
        server.take_over()
        pids.add(pid_of(server))
    results = [hammer.stop() for hammer in hammers]
    assert len(pids) == ROUNDS + 1
    assert all(wrong == 0 for _, _, wrong in results), results
    assert all(answered > ROUNDS for answered, _, _ in results), results
    print(f"{ROUNDS} take-overs, {sum(answered for answered, _, _ in results)} new connections answered")


def type_lines(server, terminal, until, typed, wrong):
    number = 0
    while not until.is_set():
        line = f"line {number}\n"
        answer = server.api().call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": line})
        if answer.status != 204:
            wrong.append((number, answer.status, answer.data[:200]))
        else:
            typed.append(line.encode())
        number += 1


def test_viewers_and_keys_go_on(own, isolation):
    """Output at full speed to viewers, and keys to another terminal, while servers follow each other."""
    server = own()
    api = server.api()
    made = api.sandbox(isolation)
    api.put(made, "/workspace/block", random.Random(SEED).randbytes(30_000))
    counting = api.terminal(made, "sh", "-c", SOURCE, "source", "t")
    reader = api.terminal(made, "sh", "-c", "stty raw -echo; echo ready; exec cat > typed")
    eventually(lambda: b"ready" in b"".join(data for _, data in api.output(reader)))
    until, typed, wrong = threading.Event(), [], []
    typist = threading.Thread(target=type_lines, args=(server, reader, until, typed, wrong))
    typist.start()

    async def watch():
        async with aiohttp.ClientSession() as session:
            viewers = [Viewer(server, counting, keep=False) for _ in range(2)]
            tasks = [asyncio.create_task(viewer.follow(session)) for viewer in viewers]
            for round_ in range(max(2, ROUNDS // 4)):
                while min(viewer.connections for viewer in viewers) <= round_:
                    assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
                    await asyncio.sleep(0.005)
                await asyncio.to_thread(server.take_over)
            await asyncio.to_thread(server.api().put, made, "/workspace/stop", b"")
            await asyncio.wait_for(asyncio.gather(*tasks), 120 * SLOW)
            return viewers

    try:
        viewers = asyncio.run(watch())
    finally:
        until.set()
        typist.join()
    assert wrong == [] and len(typed) > 0
    whole = b"".join(typed)
    eventually(lambda: server.api().read(made, "/workspace/typed") == whole, what=f"{len(typed)} typed lines, each once")
    source = server.api().read(made, "/workspace/t.sum").split()[0].decode()
    journal = hashlib.sha256(b"".join(data for _, data in server.api().output(counting))).hexdigest()
    assert journal == source
    for viewer in viewers:
        assert viewer.sha.hexdigest() == source, f"{viewer.next} bytes over {viewer.connections} connections"


def test_a_connection_between_two_requests_goes_over(own):
    server = own()
    headers = {"Authorization": "Bearer " + server.key}
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60 * SLOW)
    silent = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60 * SLOW)  # has asked nothing yet
    silent.connect()
    local = Api(socket=server.home / "berth.sock").connection()
    for connection in (kept, local):
        connection.request("GET", "/v1/info", headers=headers)
        assert connection.getresponse().read()
    sockets = [kept.sock, silent.sock, local.sock]
    before = pid_of(server)
    done = server.cli("--json", "server", "upgrade", "--port", "0", check=0)
    after = json.loads(done.stdout)
    assert after["ready"] and after["pid"] == pid_of(server) != before
    assert server.process.wait(60 * SLOW) == 0
    for connection in (kept, silent, local):
        connection.request("GET", "/v1/info", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read()
    assert [kept.sock, silent.sock, local.sock] == sockets  # not connected anew
    server.cli("server", "stop", check=0)
    assert not (server.home / "server.json").exists() and not (server.home / "takeover.sock").exists()
    server.start()


def answers(server):
    try:
        return server.api().call("GET", "/readyz").status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_the_first_goes_on_when_the_second_does_not_get_ready(own, tmp_path):
    server = own()
    api = server.api()
    terminal = api.terminal(api.sandbox("container"), "cat")
    first, running = server.process, pid_of(server)
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    hammer = Hammer(server)
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    for round_ in range(4):
        failures = server.said(400).count("did not get ready")
        if round_ % 2 == 0:  # it fails after it was given everything
            server.launch("--take-over", env={"BERTH_HTTP_TLS_CERTIFICATE": str(nonsense), "BERTH_HTTP_TLS_KEY": str(nonsense)})
            assert server.process.wait(60 * SLOW) != 0
        else:                # or is killed at any moment before it is ready
            server.launch("--take-over")
            try:
                server.process.wait(chance.uniform(0, 0.3))
            except subprocess.TimeoutExpired:
                pass
            server.process.kill()
            server.process.wait()
        server.process = first

        def settled():  # the first one goes on, or goes: the second was ready already when it was killed
            return first.poll() is not None or answers(server)
        eventually(settled, 60, "the first server, ready again or gone")
        if first.poll() is not None:
            server.start()
            first, running = server.process, pid_of(server)
            hammer.stop()
            hammer = Hammer(server)
            continue
        if round_ % 2 == 0:
            assert server.said(400).count("did not get ready") > failures
        assert pid_of(server) == running
        api.call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": f"round {round_}\n"}, expect=204)
        eventually(lambda: f"round {round_}\r\n".encode() in b"".join(data for _, data in api.output(terminal)))
    _, wrong, count = hammer.stop()
    assert count == 0, wrong


def test_only_a_server_of_the_same_user_is_let_in(own):
    server = own()
    door = server.home / "takeover.sock"
    assert stat.S_IMODE(door.stat().st_mode) == 0o600
    for words in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\x02\0\0\0\x0a"):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(door))
            stranger.sendall(words)
    done = server.cli("serve", "--port", "0", check=1)  # without asking for it
    assert "runs already" in done.stderr
    server.take_over()


def test_without_a_server_it_simply_serves(own):
    server = own(start=False)
    server.launch("--take-over")
    eventually(server.is_ready, 30, "a server that is ready")


def test_the_service_manager_follows(own, tmp_path):
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(60 * SLOW)
        server = own(env={"NOTIFY_SOCKET": name}, template=False)
        assert manager.recv(4096).decode().split() == ["READY=1", f"MAINPID={server.process.pid}"]
        server.take_over()
        assert manager.recv(4096).decode().split() == ["READY=1", f"MAINPID={server.process.pid}"]

