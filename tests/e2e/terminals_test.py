"""Terminals as things: named, signalled by name, sized, closed; and what a client that goes away leaves behind."""

import json
import socket
import threading

from api import quoted
from kit import SLOW, eventually

HUNG_UP = "trap 'echo bye; exit 9' HUP; echo ready; while :; do sleep 0.05; done"
STUBBORN = "trap '' HUP TERM; echo ready; while :; do sleep 0.05; done"


def of(terminal, below=""):
    name = terminal if isinstance(terminal, str) else terminal["id"]
    return f"/v1/terminals/{quoted(name)}{below}"


def until(api, terminal, pattern):
    answer = api.post(of(terminal, "/wait"), {"until": {"pattern": pattern}, "timeout_ms": int(30_000 * SLOW), "from": 0})
    assert answer["event"] == "pattern", answer


def test_a_name_is_unique_and_every_call_takes_it(server, api, sandbox):
    first = api.terminal(sandbox, "sh", "-c", HUNG_UP, name="first")
    second = api.terminal(sandbox, "cat")
    taken = api.call("POST", f"/v1/sandboxes/{sandbox['id']}/terminals", {"argv": ["cat"], "name": "first"}, expect=409).problem
    assert taken["code"] == "already_exists"
    assert api.call("POST", of(second, "/rename"), {"name": "first"}, expect=409).problem["code"] == "already_exists"
    for wrong in ("UPPER", "a/b", "-a", "a" * 64, "trm_x", "ü"):
        assert api.call("POST", of(second, "/rename"), {"name": wrong}).problem["code"] == "invalid_argument", wrong
    assert api.post(of(second, "/rename"), {"name": "second"})["name"] == "second"
    for box in (sandbox["name"], sandbox["id"]):
        assert api.get(of(f"{box}/second"))["id"] == second["id"]
    api.call("POST", of(f"{sandbox['name']}/second", "/keys"), {"text": "hello", "enter": True}, expect=204)
    until(api, f"{sandbox['name']}/second", "hello")
    berth = server.cli
    assert "hello" in berth("screen", f"{sandbox['name']}/second", check=0).stdout
    berth("send", f"{sandbox['name']}/second", "--text", "more", "--enter", check=0)
    listed = json.loads(berth("terminal", "ls", sandbox["name"], "--json", check=0).stdout)
    assert {"first", "second"} <= {terminal["name"] for terminal in listed}
    table = berth("terminal", "ls", sandbox["name"], check=0).stdout
    assert "second" in table and "runs" in table
    berth("terminal", "rename", f"{sandbox['name']}/second", "third", check=0)
    assert api.call("GET", of(f"{sandbox['name']}/second")).status == 404
    berth("terminal", "close", f"{sandbox['name']}/third", check=0)
    assert api.get(of(f"{sandbox['name']}/third"))["running"] is False, "it keeps its name"
    assert api.post(of(f"{sandbox['name']}/third", "/rename"), {"name": ""})["name"] == ""
    for unknown in (f"{sandbox['name']}/nobody", "nobody/first", "trm_00000000000000000000000000", "x", f"{sandbox['name']}/", "/"):
        problem = api.call("GET", of(unknown)).problem
        assert problem["code"] == "not_found" and "berth" in problem["hint"], unknown
    api.post(of(first, "/close"), {})


def test_closing_hangs_up_and_kills_what_stays(server, api, sandbox):
    polite = api.terminal(sandbox, "sh", "-c", HUNG_UP)
    until(api, polite, "ready")
    ended = api.post(of(polite, "/close"), {"grace_ms": int(30_000 * SLOW)})
    assert (ended["running"], ended["exit_code"]) == (False, 9)
    assert api.post(of(polite, "/close"), {})["exit_code"] == 9, "once more is no error"
    stubborn = api.terminal(sandbox, "sh", "-c", STUBBORN)
    until(api, stubborn, "ready")
    killed = api.post(of(stubborn, "/close"), {"grace_ms": 100})
    assert (killed["running"], killed["signal"]) == (False, 9)
    stopped = api.terminal(sandbox, "sh", "-c", HUNG_UP)
    until(api, stopped, "ready")
    api.call("POST", of(stopped, "/signal"), {"signal": "STOP"}, expect=204)
    assert api.post(of(stopped, "/close"), {"grace_ms": int(30_000 * SLOW)})["exit_code"] == 9, "a stopped one hears it, too"
    late = api.call("POST", of(stopped, "/signal"), {"signal": "INT"}, expect=409).problem
    assert late["code"] == "failed_precondition"
    assert api.call("POST", of(stopped, "/resize"), {"cols": 80, "rows": 24}, expect=409).problem["code"] == "failed_precondition"
    assert api.call("POST", of(stopped, "/close"), {"grace_ms": 10**10}).status == 400


def test_signals_by_name_and_sizes(server, api, sandbox):
    script = "trap 'echo got usr1' USR1; trap 'echo size $(stty size)' WINCH; echo ready; while :; do sleep 0.05; done"
    terminal = api.terminal(sandbox, "sh", "-c", script)
    until(api, terminal, "ready")
    berth, name = server.cli, terminal["id"]
    berth("terminal", "signal", name, "usr1", check=0)
    until(api, terminal, "got usr1")
    assert berth("terminal", "resize", name, "101x37", check=0).stdout == name + "\n"
    until(api, terminal, "size 37 101")
    assert (api.get(of(terminal))["cols"], api.get(of(terminal))["rows"]) == (101, 37)
    for cols, rows in ((10_000, 24), (80, 0), (0, 0), (1001, 1)):
        problem = api.call("POST", of(terminal, "/resize"), {"cols": cols, "rows": rows}).problem
        assert problem["code"] == "invalid_argument" and "1000" in problem["detail"], problem
    for wrong in ("SIGNOPE", "", "0", 65, -1, 1.5, None, [9], "9 ", 10**30):
        problem = api.call("POST", of(terminal, "/signal"), {"signal": wrong}).problem
        assert problem["code"] == "invalid_argument", (wrong, problem)
    assert "TERM" in api.call("POST", of(terminal, "/signal"), {"signal": "TREM"}).problem["hint"]
    for words in (["signal", name, "NOPE"], ["resize", name, "10000x24"], ["resize", name, "80"], ["resize", name, "80x0"],
                  ["close", "no-such-sandbox"], ["rename", name, "No Good"], ["ls", "no-such-sandbox"]):
        refused = berth("terminal", *words)
        assert refused.returncode == 3 and "hint:" in refused.stderr, (words, refused.stderr)
    api.call("POST", of(terminal, "/signal"), {"signal": 9}, expect=204)
    eventually(lambda: not api.get(of(terminal))["running"])


def test_a_title_is_what_the_program_set(api, sandbox):
    terminal = api.terminal(sandbox, "sh", "-c", "printf '\\033]2;caf\\303\\251 \\001\\033]0;x'; printf '\\033]0;build: 42%%\\007'; echo ready; cat")
    until(api, terminal, "ready")
    assert api.get(of(terminal))["title"] == "build: 42%"


def test_a_wait_ends_with_its_client(server, api, sandbox):
    terminal = api.terminal(sandbox, "cat")
    body = json.dumps({"until": {"pattern": "never"}, "timeout_ms": 3_000_000}).encode()
    request = (f"POST {of(terminal, '/wait')} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    clients = []
    for _ in range(20):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(server.home / "berth.sock"))
        client.sendall(request)
        clients.append(client)
    eventually(lambda: api.get(of(terminal))["viewers"] == 20, 20, "20 waits")
    for client in clients:
        client.close()
    eventually(lambda: api.get(of(terminal))["viewers"] == 0, 20, "waits without clients end")
    got = []
    waiting = threading.Thread(target=lambda: until(api, terminal, "there") or got.append(1))
    waiting.start()
    api.call("POST", of(terminal, "/keys"), {"text": "there", "enter": True}, expect=204)
    waiting.join(60 * SLOW)
    assert got == [1], "one whose client stays gets its answer"
