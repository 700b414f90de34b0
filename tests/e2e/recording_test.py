"""Recordings: what a terminal showed goes out in every form, is accepted by the programs of others, and comes back."""

import html.parser
import json
import os
import re
import shutil
import subprocess
import xml.dom.minidom

import pytest
from kit import SLOW, eventually
from person import Person

TERMINAL = ("printf 'caf\\303\\251 \\377|\\033[1;31mred\\033[0m <b>&\\n'; sleep 0.2; echo second; "
            "read line; echo saw $line; exit 3")
SHOWN = "caf\u00e9 \ufffd|\x1b[1;31mred\x1b[0m <b>&\r\n"


@pytest.fixture(scope="module")
def recorded(server, api):
    """A terminal that has ended, with a resize in the middle."""
    made = api.sandbox("container")
    terminal = api.terminal(made, "sh", "-c", TERMINAL, cols=60, rows=12)
    path = f"/v1/terminals/{terminal['id']}"
    eventually(lambda: b"second" in api.call("GET", f"{path}/output").data, 20, "output")
    api.call("POST", f"{path}/resize", {"cols": 70, "rows": 14}, expect=204)
    api.call("POST", f"{path}/input", {"text": "you\r"}, expect=204)
    eventually(lambda: not api.get(path)["running"], 20, "its end")
    return api.get(path)


def recording(server, terminal, **query):
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return server.api().call("GET", f"/v1/terminals/{terminal['id']}/recording?{words}")


def cast(answer):
    assert answer.status == 200, answer.data
    header, *events = [json.loads(line) for line in answer.data.decode().splitlines()]
    return header, events, "".join(text for _, code, text in events if code == "o")


def test_both_versions_of_asciicast(server, recorded):
    header, events, output = cast(recording(server, recorded, format="asciicast-v2"))
    assert (header["version"], header["width"], header["height"]) == (2, 60, 12)
    assert output.startswith(SHOWN) and output.endswith("saw you\r\n"), output
    assert [text for _, code, text in events if code == "r"] == ["70x14"]
    times = [time for time, _, _ in events]
    assert times == sorted(times) and 0.15 < times[-1]
    header, later, output = cast(recording(server, recorded, format="asciicast-v3"))
    assert (header["version"], header["term"]["cols"], header["term"]["rows"]) == (3, 60, 12)
    assert output.startswith(SHOWN) and later[-1][1:] == ["x", "3"]
    assert abs(sum(time for time, _, _ in later[:-1]) - times[-1]) < 0.001


def test_text_raw_and_a_page(server, recorded, tmp_path):
    raw = recording(server, recorded, format="raw").data
    assert raw == server.api().call("GET", f"/v1/terminals/{recorded['id']}/output").data
    assert recording(server, recorded, format="text").data.decode() == "caf\u00e9 \ufffd|red <b>&\nsecond\nyou\nsaw you\n"
    page = recording(server, recorded, format="html")
    assert page.headers["content-type"] == "text/html; charset=utf-8" and "sandbox" in page.headers["content-security-policy"]
    text = page.data.decode()
    assert "&lt;b&gt;&amp;" in text and "<script" not in text and not re.search(r"(src|href)=", text)
    xml.dom.minidom.parseString(text.replace("<!DOCTYPE html>", ""))
    html.parser.HTMLParser().feed(text)
    (tmp_path / "page.html").write_text(text)
    shown = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"--user-data-dir={tmp_path}/profile",
                            f"file://{tmp_path}/page.html"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120 * SLOW, check=True)
    assert "saw you" in shown.stdout.decode()


def test_a_part_begins_with_the_screen_there(server, recorded):
    whole = recording(server, recorded, format="raw").data
    at = whole.index(b"second")
    part = recording(server, recorded, format="raw", **{"from": at}).data
    assert part.startswith(b"\x1bc") and part.endswith(whole[at:]) and b"red" in part[:-len(whole[at:])]
    header, events, output = cast(recording(server, recorded, **{"from": at, "to": at + 6}))
    assert (header["width"], events[0][0]) == (60, 0) and output.endswith("second")
    assert b"second" in recording(server, recorded, format="text", **{"from": "100ms"}).data
    for wrong in ({"from": "soon"}, {"to": "cmd:0"}, {"from": 10**9}, {"format": "mp4"}, {"from": 5, "to": 2}):
        assert recording(server, recorded, **wrong).problem["code"] == "invalid_argument", wrong
    assert recording(server, recorded, **{"from": "cmd:99"}).problem["code"] == "not_found"


def test_commands_are_markers_and_places(server, api):
    api.post("/v1/templates/debian/build")
    made = api.sandbox("container", "debian")
    terminal = api.terminal(made, cols=80, rows=24)
    path = f"/v1/terminals/{terminal['id']}"
    for number, line in enumerate(("echo first one", "echo second one", "exit")):
        eventually(lambda n=number: len(api.all(f"/v1/commands?terminal={terminal['id']}")) == n, what="the command before")
        api.call("POST", f"{path}/input", {"text": line + "\r"}, expect=204)
    eventually(lambda: not api.get(path)["running"], 30, "its end")
    commands = eventually(lambda: (rows := api.all(f"/v1/commands?terminal={terminal['id']}")) and len(rows) == 3 and rows)
    _, events, _ = cast(recording(server, terminal))
    markers = [text for _, code, text in events if code == "m"]
    assert markers == [row["text"] for row in reversed(commands)] and "echo second one" in markers, (markers, commands)
    second = next(row["number"] for row in commands if row["text"] == "echo second one")
    text = recording(server, terminal, format="text", **{"from": f"cmd:{second}", "to": f"cmd:{second}"}).data
    assert text == b"second one\n", text
    _, events, _ = cast(recording(server, terminal, **{"from": f"cmd:{second}"}))
    assert [text for _, code, text in events if code == "m"][0] == "echo second one"


def test_a_plain_shell_tells_its_commands_when_they_have_ended(server, api):
    made = api.sandbox("container")
    terminal = api.terminal(made, cols=80, rows=24)
    path = f"/v1/terminals/{terminal['id']}"
    api.call("POST", f"{path}/input", {"text": "echo first one\rexit\r"}, expect=204)
    eventually(lambda: not api.get(path)["running"], 30, "its end")
    _, events, _ = cast(recording(server, terminal))
    assert [text for _, code, text in events if code == "m"] == ["echo first one"]


def in_a_terminal(*words):
    """What a program of others shows in a real PTY."""
    quoted = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(["script", "-qec", quoted, "/dev/null"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm"}, timeout=60 * SLOW)
    return done.returncode, done.stdout.decode().replace("\r\r\n", "\r\n")  # the PTY adds one to what was recorded with one


@pytest.mark.skipif(not shutil.which("asciinema"), reason="asciinema is not installed")
def test_asciinema_plays_it(server, recorded, tmp_path):
    file = tmp_path / "r.cast"
    server.cli("terminal", "export", recorded["id"], "-o", file, check=0)
    for words in (["play", "-s", "10", file], ["cat", file]):
        code, shown = in_a_terminal("asciinema", *words)
        assert code == 0 and SHOWN in shown and "saw you" in shown, shown
    server.cli("terminal", "export", recorded["id"], "--format", "asciicast-v3", "-o", file, check=0)
    code, _ = in_a_terminal("asciinema", "cat", file)  # asciinema 2 reads versions 1 and 2
    version = subprocess.run(["asciinema", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    assert code != 0 or not version.startswith("asciinema 2")


def test_what_is_imported_is_a_terminal_like_any_other(server, api, recorded, tmp_path):
    file = tmp_path / "r.cast"
    file.write_bytes(recording(server, recorded, format="asciicast-v3").data)
    terminal = json.loads(server.cli("terminal", "import", file, "--name", "brought", "--json", check=0).stdout)
    assert not terminal["running"] and terminal["exit_code"] == 3 and (terminal["cols"], terminal["rows"]) == (60, 12)
    box = api.get("/v1/sandboxes/brought")
    assert (box["state"], box["isolation"]) == ("stopped", "none")
    for form in ("asciicast-v2", "asciicast-v3"):
        one, other = cast(recording(server, recorded, format=form)), cast(recording(server, terminal, format=form))
        assert one[2] == other[2] and [e[1:] for e in one[1] if e[1] != "o"] == [e[1:] for e in other[1] if e[1] != "o"]
    assert "saw you" in server.cli("replay", "brought", check=0).stdout
    assert "saw you" in server.cli("screen", "brought", check=0).stdout
    assert b"BERTH" in next((server.home / "terminals" / terminal["id"]).glob("*.journal")).read_bytes()
    assert b"second" not in b"".join(p.read_bytes() for p in (server.home / "terminals" / terminal["id"]).glob("*.journal")), "sealed"
    server.cli("terminal", "import", file, "--name", "brought", check=1)
    server.cli("rm", "brought", check=0)
    assert not (server.home / "terminals" / terminal["id"]).exists()


@pytest.mark.parametrize("damaged", [b"", b"no cast", b'{"version":1,"width":80,"height":24,"stdout":[]}', b'{"version":2,"width":80,"height":24}\n[1,"o"',
                                     b'{"version":2,"width":99999,"height":24}', b'{"version":2,"width":80,"height":24}\n[-1,"o","x"]',
                                     b'{"version":3,"term":{"cols":80,"rows":24}}\n[1e12,"o","x"]', b"x" * (5 << 20),
                                     b'{"version":2,"width":80,"height":24}\n[0,"o","' + b"[" * 100000 + b'"]\n[0,"o",' + b"[" * 100000])
def test_a_hostile_cast_leaves_nothing_behind(server, api, damaged):
    before = sorted(os.listdir(server.home / "terminals")), len(api.all("/v1/sandboxes"))
    answer = api.call("POST", "/v1/recordings?name=never", data=damaged)
    assert answer.status in (400, 413, 422, 501) and answer.problem["code"] in ("invalid_argument", "too_large", "unsupported"), answer.data
    assert (sorted(os.listdir(server.home / "terminals")), len(api.all("/v1/sandboxes"))) == before
    assert api.call("GET", "/v1/sandboxes/never").status == 404


FILE = "".join(json.dumps(line) + "\n" for line in [
    {"version": 2, "width": 60, "height": 10}, [0.0, "o", "begin\r\n"], [3600.0, "o", "an hour later\r\n"], [7200.0, "o", "two hours later\r\n"]])


def test_replay_waits_pauses_steps_and_goes_back(server, recorded, tmp_path):
    file = tmp_path / "r.cast"
    file.write_text(FILE)
    with Person(server.home, "replay", file, cols=80, rows=24) as person:
        person.sees(b"begin")
        person.types(" ")
        person.types(".")
        person.sees(b"an hour later")
        person.types("\x1b[D")
        person.sees(b"begin")
        person.types("\x1b[C")
        person.sees(b"an hour later")
        assert b"two hours" not in person.shown
        person.types("q")
        assert person.ends() == 0 and person.is_restored()
    with Person(server.home, "replay", file, "--idle-limit", "10ms", cols=40, rows=8) as person:
        person.sees(b"two hours later")
        person.sees(b"recorded at 60 x 10")
        assert person.ends() == 0
    with Person(server.home, "replay", file, "--from", "3599s", "--speed", "1000", cols=80, rows=24) as person:
        person.sees(b"begin")
        person.sees(b"an hour later")
        person.types("q")
        assert person.ends() == 0
    with Person(server.home, "replay", recorded["id"], "--idle-limit", "1ms", cols=100, rows=30) as person:
        person.sees(b"red")
        person.sees(b"saw you")
        assert person.ends() == 0 and person.is_restored()
    assert server.cli("replay", file, check=0).stdout == "begin\r\nan hour later\r\ntwo hours later\r\n".replace("\r\n", "\n")
