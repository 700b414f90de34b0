"""Driving a shell without sitting at it: keys by name, waiting, the output of a command. Over HTTP and from the command
line, as an agent does."""

import json
import threading

import pytest
from kit import SLOW, eventually

END = {"command_end": True}


@pytest.fixture(scope="module", params=("container", "gvisor"))
def bash(server, request):
    """(sandbox, terminal) with an interactive bash at its prompt."""
    api = server.api()
    api.post("/v1/templates/debian/build")
    sandbox = api.sandbox(request.param, "debian")
    terminal = api.terminal(sandbox)
    wait(api, terminal, {"pattern": r"133;B"}, start=0)
    yield sandbox, terminal
    api.remove(sandbox)


def wait(api, terminal, until, start=None, timeout=30, expect=None):
    body = {"until": until, "timeout_ms": int(timeout * 1000 * SLOW)}
    if start is not None:
        body["from"] = start
    answer = api.post(f"/v1/terminals/{terminal['id']}/wait", body)
    if expect:
        assert answer["event"] == expect, answer
    return answer


def end(api, terminal):
    return api.get(f"/v1/terminals/{terminal['id']}")["end"]


def keys(api, terminal, expect=204, **body):
    return api.call("POST", f"/v1/terminals/{terminal['id']}/keys", body, expect=expect)


def run(api, terminal, line):
    start = end(api, terminal)
    keys(api, terminal, text=line, enter=True)
    return wait(api, terminal, END, start, expect="command_end")["command"]


def test_a_command_is_sent_and_its_end_awaited(api, bash):
    _, terminal = bash
    row = run(api, terminal, "echo one; (exit 7)")
    assert (row["text"].strip(), row["exit_code"], row["state"]) == ("echo one; (exit 7)", 7, "done")
    raw = b"".join(data for _, data in api.output(terminal))[row["output_begin"]:row["output_end"]]
    assert b"one" in raw
    assert run(api, terminal, "true")["number"] == row["number"] + 1


def test_keys_by_name_end_edit_and_repeat(api, bash):
    sandbox, terminal = bash
    if sandbox["isolation"] == "gvisor":
        pytest.skip("the line discipline of this gVisor makes no signal of ctrl-c")
    start = end(api, terminal)
    keys(api, terminal, text="echo be''gun; cat", enter=True)
    wait(api, terminal, {"pattern": "begun"}, start, expect="pattern")
    keys(api, terminal, keys=["ctrl-c"])
    assert wait(api, terminal, END, start, expect="command_end")["command"]["exit_code"] == 130
    assert run(api, terminal, "echo again")["exit_code"] == 0
    start = end(api, terminal)
    keys(api, terminal, keys=["up", "enter"])
    assert wait(api, terminal, END, start, expect="command_end")["command"]["text"].strip() == "echo again"


def test_cursor_keys_and_pastes_follow_the_modes(api, sandbox):
    script = "stty raw -echo; printf '\\033[?1h\\033[?2004hready'; head -c 19 | od -An -tx1 | tr -d ' \\n'; sleep 1000"
    terminal = api.terminal(sandbox, "sh", "-c", script)
    wait(api, terminal, {"pattern": "ready"}, 0, expect="pattern")
    keys(api, terminal, paste="ab\n\x1b", keys=["up", "x"])
    expected = b"\x1b[200~ab\r\x1b[201~\x1bOAx".hex()
    got = wait(api, terminal, {"pattern": "[0-9a-f]{38}"}, 0, expect="pattern")
    assert got["match"] == expected, (got, expected)


def test_a_pattern_in_pieces_is_found_where_it_is(api, sandbox):
    script = "printf 'abc do'; sleep 0.2; printf 'ne in 4'; sleep 0.2; printf '2 s;'; sleep 1000"
    terminal = api.terminal(sandbox, "sh", "-c", script)
    got = wait(api, terminal, {"pattern": "done in [0-9]+ s"}, 0, expect="pattern")
    assert (got["match"], got["from"], got["end"]) == ("done in 42 s", 4, 16)
    assert wait(api, terminal, {"pattern": "abc"}, 0, expect="pattern")["end"] == 3  # of the past, too
    idle = wait(api, terminal, {"idle_ms": 200}, 0, expect="idle")
    assert idle["end"] == 17
    assert wait(api, terminal, {"pattern": "abc"}, 17, timeout=0.05, expect="timeout")["end"] == 17


def test_waiting_ends_with_the_terminal(api, sandbox):
    terminal = api.terminal(sandbox, "sh", "-c", "read line; echo got $line; exit 5")
    got = []
    waiting = [threading.Thread(target=lambda until=until: got.append(wait(api, terminal, until, 0)))
               for until in ({"exit": True}, {"pattern": "never"}, END)]
    for thread in waiting:
        thread.start()
    keys(api, terminal, text="x", enter=True)
    for thread in waiting:
        thread.join(60 * SLOW)
    assert sorted(answer["event"] for answer in got) == ["command_end", "exit", "exit"], got
    assert {answer["exit_code"] for answer in got if answer["event"] == "exit"} == {5}
    keys(api, terminal, expect=409, text="late")
    assert wait(api, terminal, {"exit": True}, expect="exit")["exit_code"] == 5
    assert wait(api, terminal, {"pattern": "got x"}, 0, expect="pattern")


def test_bad_requests_are_refused(api, sandbox):
    terminal = api.terminal(sandbox, "cat")
    path = f"/v1/terminals/{terminal['id']}"
    wrong = keys(api, terminal, expect=400, keys=["up", "entr"]).problem
    assert "entr" in wrong["detail"] and "enter" in wrong["hint"]
    keys(api, terminal, expect=413, keys=["a"] * 5000)
    for body in ({}, {"until": {}}, {"until": {"pattern": "a", "exit": True}}, {"until": {"pattern": ""}},
                 {"until": {"pattern": "("}}, {"until": {"pattern": "(a{1000}){1000}"}}, {"until": {"idle_ms": 0}},
                 {"until": {"exit": True}, "timeout_ms": 10**10}, {"until": END, "from": 10**12}, {"until": {"screen": "x"}}):
        assert api.call("POST", path + "/wait", body).problem["code"] == "invalid_argument", body
    assert api.call("POST", path + "/wait", {"until": {"pattern": "a" * 5000}}).status == 413
    for call in ("/wait", "/keys"):
        body = {"until": {"exit": True}} if call == "/wait" else {"text": "x"}
        assert api.call("POST", "/v1/terminals/trm_00000000000000000000000000" + call, body).status == 404
    exploding = api.post(path + "/wait", {"until": {"pattern": "(a*)*(a|aa)+b"}, "from": 0, "timeout_ms": 50})
    assert exploding["event"] == "timeout"


def test_the_command_line_drives_a_shell(server, bash):
    sandbox, terminal = bash
    berth, name = server.cli, terminal["id"]
    slow = f"{int(30 * SLOW)}s"
    done = berth("send", name, "--text", "printf '\\033[31mred\\033[0m\\n'; false", "--wait-command", "--timeout", slow, check=1)
    assert done.stdout == "red\n", done.stdout
    assert berth("output", name, check=0).stdout == "red\n"
    assert "\x1b[31mred" in berth("output", name, "--raw", check=0).stdout
    row = json.loads(berth("send", name, "--text", "(exit 9)", "--wait-command", "--timeout", slow, "--json", check=9).stdout)
    assert berth("output", name, str(row["number"] - 1), check=0).stdout == "red\n"
    berth("send", sandbox["name"], "--paste", "-", "--enter", input="echo pas''ted", check=0)
    assert berth("wait", name, "--pattern", r"pasted\b", "--from", row["output_end"], "--timeout", slow,
                 check=0).stdout == "pasted\n"
    eventually(lambda: "pasted" in berth("output", name, check=0).stdout)
    berth("wait", name, "--idle", "100ms", "--timeout", slow, check=0)
    assert "in time" in berth("wait", name, "--pattern", "never", "--timeout", "50ms", check=2).stderr
    for wrong in (["send", name], ["send", name, "--key", "hyper-x"], ["wait", name], ["wait", name, "--exit", "--idle", "1s"],
                  ["wait", name, "--pattern", "("], ["output", name, "99999"], ["output", name, "x"],
                  ["send", "no-such-sandbox", "--enter"], ["wait", name, "--idle", "soon"]):
        assert berth(*wrong).returncode == 3, wrong
