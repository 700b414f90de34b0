"""What terminals printed and which commands ran, long after: the output of one command, grep, filters, a thousand commands
a second."""

import json

import pytest
from api import quoted
from kit import SLOW, eventually

NOISE = "for i in $(seq 1 3000); do echo noise $i; done"


def wait(api, terminal, until, start, expect):
    answer = api.post(f"/v1/terminals/{terminal['id']}/wait", {"until": until, "timeout_ms": int(60_000 * SLOW), "from": start})
    assert answer["event"] == expect, answer
    return answer


def run(api, terminal, line):
    start = api.get(f"/v1/terminals/{terminal['id']}")["end"]
    api.call("POST", f"/v1/terminals/{terminal['id']}/keys", {"text": line, "enter": True}, expect=204)
    return wait(api, terminal, {"command_end": True}, start, "command_end")["command"]


def output(api, terminal, number, **query):
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return api.call("GET", f"/v1/terminals/{terminal['id']}/commands/{number}/output?{words}")


@pytest.fixture(scope="module", params=("container", "gvisor"))
def bash(server, request):
    """(sandbox, terminal) with an interactive bash at its prompt."""
    api = server.api()
    api.post("/v1/templates/debian/build")
    sandbox = api.sandbox(request.param, "debian")
    terminal = api.terminal(sandbox, cols=80, rows=24, name="main")
    wait(api, terminal, {"pattern": r"133;B"}, 0, "pattern")
    yield sandbox, terminal
    api.remove(sandbox)


def test_the_output_of_a_command_as_text_and_as_it_is(server, api, bash):
    sandbox, terminal = bash
    row = run(api, terminal, r"printf '10%%\r100%%\n\033[31mred\033[0m\n'; printf 'x%.0s' {1..200}; echo; (exit 4)")
    number, name = row["number"], f"{sandbox['name']}/main"
    text = output(api, terminal, number)
    assert text.data.decode() == "100%\nred\n" + "x" * 200 + "\n", text.data
    assert text.headers["x-berth-complete"] == "true" and text.headers["x-berth-command"] == str(number)
    raw = output(api, terminal, number, format="raw")
    assert b"\x1b[31mred" in raw.data and int(raw.headers["x-berth-from"]) == row["output_begin"]
    assert output(api, terminal, number, head=1).data == b"100%\n"
    assert output(api, terminal, "last", tail=2).data == b"red\n" + b"x" * 200 + b"\n"
    assert server.cli("output", name, number, "--head", "2", check=0).stdout == "100%\nred\n"
    assert server.cli("output", name, "--tail", "1", check=0).stdout == "x" * 200 + "\n"
    assert server.cli("output", name, "--follow", check=4).stdout.startswith("10%\n100%")  # text mode: a carriage return is a line end
    got = api.get(f"/v1/terminals/{quoted(name)}/commands/last")
    assert (got["number"], got["exit_code"], got["trusted"], got["full_screen"]) == (number, 4, True, False)


def test_a_command_that_runs_is_followed_to_its_end(server, api, bash):
    sandbox, terminal = bash
    start = api.get(f"/v1/terminals/{terminal['id']}")["end"]
    api.call("POST", f"/v1/terminals/{terminal['id']}/keys", {"text": "echo be''gun; read line; echo got $line; (exit 6)", "enter": True}, expect=204)
    wait(api, terminal, {"pattern": "begun"}, start, "pattern")
    so_far = output(api, terminal, "last")
    assert so_far.data == b"begun\n" and so_far.headers["x-berth-running"] == "true"
    running = json.loads(server.cli("history", sandbox["name"], "--running", "--json", check=0).stdout)
    assert [row["state"] for row in running if row["terminal"] == terminal["id"]] == ["open"]
    import threading
    followed = []
    thread = threading.Thread(target=lambda: followed.append(server.cli("output", terminal["id"], "--follow")))
    thread.start()
    api.call("POST", f"/v1/terminals/{terminal['id']}/keys", {"text": "this", "enter": True}, expect=204)
    thread.join(60 * SLOW)
    assert followed[0].returncode == 6 and "got this" in followed[0].stdout, followed


def test_history_is_filtered_by_what_commands_are(server, api, bash):
    sandbox, terminal = bash
    for line in ("cd /usr/share", "ls no-such-file", "sleep 1.2", "printf '\\033[?1049hfull\\033[?1049l'", "cd /usr"):
        run(api, terminal, line)

    def texts(*words):
        rows = json.loads(server.cli("history", f"{sandbox['name']}/main", "--json", *words, check=0).stdout)
        return [row["text"].strip() for row in rows]

    assert texts("--failed", "--text", "no-such") == ["ls no-such-file"]
    assert texts("--slower", "1s", "--text", "sleep") == ["sleep 1.2"]
    assert texts("--full-screen") == ["printf '\\033[?1049hfull\\033[?1049l'"]
    assert texts("--cwd", "/usr") == ["cd /usr", "printf '\\033[?1049hfull\\033[?1049l'", "sleep 1.2", "ls no-such-file"]
    assert texts("--untrusted") == [] and texts("--running") == []
    paged = api.all(f"/v1/commands?terminal={terminal['id']}&failed=true&limit=1")
    assert paged == api.all(f"/v1/commands?terminal={terminal['id']}&failed=true") and len(paged) >= 1
    for wrong in ("slower_ms=x", "slower_ms=99999999999999", "cwd=relative", "cwd=", "text=", "failed=maybe", "colour=red",
                  "terminal=trm_x", "terminal=no-such-sandbox/main"):
        assert api.call("GET", "/v1/commands?" + wrong).status in (400, 404), wrong


def test_grep_finds_lines_with_context_and_where_they_are(server, api, bash):
    sandbox, terminal = bash
    row = run(api, terminal, NOISE + "; printf 'first\\n\\033[1mnee\\033[0mdle 42\\nlast\\n'; " + NOISE)
    path = f"/v1/terminals/{terminal['id']}/grep"
    got = api.get(path + "?pattern=" + quoted("^needle [0-9]+") + "&context_before=1&context_after=1")
    assert [(line["text"], line["match"]) for line in got["items"]] == [("first", False), ("needle 42", True), ("last", False)]
    found = got["items"][1]
    assert found["command"] == row["number"] and row["output_begin"] < found["offset"] < row["output_end"]
    assert found["text"][found["match_begin"]:found["match_end"]] == "needle 42" and found["time"].startswith("20")
    whole = b"".join(data for _, data in api.output(terminal))
    assert whole[found["offset"]:found["end"]] == b"\x1b[1mnee\x1b[0mdle 42\r\n"
    pages, after = [], ""
    while True:
        page = api.get(path + f"?pattern={quoted('noise [0-9]*7$')}&limit=100&after={quoted(after)}")
        pages.append(page)
        after = page["next"]
        if not after:
            break
    numbers = [line["text"] for page in pages for line in page["items"]]
    assert numbers == [f"noise {i}" for i in range(1, 3001) if i % 10 == 7] * 2, len(numbers)
    assert sum(page["matches"] for page in pages) == 600 and len(pages) >= 6
    other = api.terminal(sandbox, "echo", "needle 43")
    eventually(lambda: not api.get(f"/v1/terminals/{other['id']}")["running"])
    both = api.get(f"/v1/sandboxes/{sandbox['name']}/grep?pattern=" + quoted("^needle"))
    assert [line["text"] for line in both["items"]] == ["needle 42", "needle 43"] and not both["missing"]
    said = server.cli("grep", "-C", "1", "^needle 42", f"{sandbox['name']}/main", check=0).stdout
    assert said == f"{row['number']}-first\n{row['number']}:needle 42\n{row['number']}-last\n", said
    lines = json.loads(server.cli("grep", "--json", "-i", "^NEEDLE", sandbox["name"], check=0).stdout)
    assert [line["terminal"] for line in lines] == [terminal["id"], other["id"]]
    server.cli("grep", "no such words anywhere", sandbox["name"], check=1)
    assert "needle 43" in server.cli("grep", "-F", "needle 4", check=0).stdout


def test_a_pattern_that_explodes_costs_what_any_other_does(api, bash):
    _, terminal = bash
    path = f"/v1/terminals/{terminal['id']}/grep?pattern="
    for wrong in ("(", "", "(a{1000}){1000}", "[z-a]"):
        assert api.call("GET", path + quoted(wrong)).problem["code"] == "invalid_argument", wrong
    assert api.call("GET", path + "a" * 5000).status == 413
    for more in ("limit=0", "limit=1001", "context_before=101", "context_after=-1", "after=nonsense", "after=trm_x:5", "from=999999999",
                 "literal=2", "after=" + quoted(terminal["id"] + ":-1")):
        assert api.call("GET", path + "a&" + more).problem["code"] == "invalid_argument", more
    answer = api.get(path + quoted("(x+x+)+y|(a|aa)+$|((((n*)*)*)*)oise 2999") + "&limit=1000")
    assert answer["matches"] > 0 and not answer["next"]
    assert api.call("GET", "/v1/sandboxes/no-such/grep?pattern=a").status == 404
    assert api.call("GET", "/v1/terminals/trm_00000000000000000000000000/grep?pattern=a").status == 404
    for number in ("99999", "0", "x", "-1", "99999999999999999999"):
        assert output(api, terminal, number).status in (400, 404), number
    assert output(api, terminal, "last", head=1, tail=1).status == 400
    assert output(api, terminal, "last", format="html").status == 400


def test_the_limit_of_an_answer_is_said(own):
    server = own({"BERTH_TERMINAL_ANSWER_BYTES": str(64 << 10), "BERTH_JOURNAL_GREP_BYTES": str(64 << 10), "BERTH_JOURNAL_GREP_MS": "10000"})
    api = server.api()
    made = api.sandbox("container")
    terminal = api.terminal(made, "sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done")
    eventually(lambda: not api.get(f"/v1/terminals/{terminal['id']}")["running"], 30)
    first, last = output(api, terminal, 1), output(api, terminal, 1, tail=3)
    assert first.headers["x-berth-complete"] == "false" and first.data.startswith(b"line 0\nline 1\n") and len(first.data) < (64 << 10)
    assert last.data == b"line 19997\nline 19998\nline 19999\n"
    items, after, pages = [], "", 0
    while pages == 0 or after:
        page = api.get(f"/v1/terminals/{terminal['id']}/grep?pattern=line&limit=1000&context_before=2&after={quoted(after)}")
        items += page["items"]
        after, pages = page["next"], pages + 1
    assert [line["text"] for line in items] == [f"line {i}" for i in range(20000)] and pages >= 20


def test_every_one_of_many_commands_a_second_is_a_row_in_order(api, bash):
    """A shell that runs many thousand commands a second, as bash tells them: each is a row, with its text and exit code."""
    _, terminal = bash
    count = 20_000
    script = (r"""n=$__berth_nonce; printf '\e]133;D;0;nonce=%s\e\\' $n; for ((i=0;i<""" + str(count) + r""";i++)); do """
              r"""printf '\e]133;A;nonce=%s\e\\$ \e]133;B;nonce=%s\e\\\e]633;E;job %d;%s\e\\\e]133;C;nonce=%s\e\\out %d\r\n\e]133;D;%d;nonce=%s\e\\' """
              r"""$n $n $i $n $n $i $((i%3)) $n; done; echo fini''shed""")
    first = run(api, terminal, "true")["number"]
    start = api.get(f"/v1/terminals/{terminal['id']}")["end"]
    api.call("POST", f"/v1/terminals/{terminal['id']}/keys", {"paste": script, "enter": True}, expect=204)
    wait(api, terminal, {"pattern": "finished"}, start, "pattern")
    newest = lambda: api.get(f"/v1/commands?terminal={terminal['id']}&text={quoted(f'job {count - 1}')}&limit=1")["items"]  # noqa: E731
    eventually(newest, 60, "the last row")
    rows = [row for row in reversed(api.all(f"/v1/commands?terminal={terminal['id']}&limit=1000")) if row["text"].startswith("job ")]
    assert [row["text"] for row in rows] == [f"job {i}" for i in range(count)], len(rows)
    assert [row["number"] for row in rows] == list(range(first + 2, first + 2 + count))
    assert [row["exit_code"] for row in rows] == [i % 3 for i in range(count)]
    assert all(row["state"] == "done" and row["output_begin"] < row["output_end"] for row in rows)
    assert output(api, terminal, rows[777]["number"]).data == b"out 777\n"
