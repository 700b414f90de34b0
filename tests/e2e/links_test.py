"""Links to one terminal: what they open, and nothing else; told once, stored hashed, ended at once."""

import asyncio
import json
import sqlite3

import aiohttp
import pytest
from kit import eventually, listed
from people_test import UNKNOWN, ask, attach, operations  # noqa: F401  (a fixture)
from person import Person
from viewer import Attached, Viewer

OPENS = {"get_screen", "read_output", "export_terminal"}  # and attach_terminal with seat=read


def shared(api, terminal, **fields):
    return api.call("POST", "/v1/keys", {"terminal": terminal["id"], **fields}, expect=201).json


@pytest.fixture(scope="module")
def shown(api):
    made = api.sandbox("container")
    terminal = api.terminal(made, "cat")
    yield made, terminal
    api.remove(made)


def test_every_route_is_refused_but_those_that_show_it(server, api, operations, shown):  # noqa: F811
    made, terminal = shown
    other = api.terminal(made, "cat", name="other")
    link = shared(api, terminal)
    theirs = server.tcp(link["text"])
    real = {**UNKNOWN, "sandbox": made["id"], "terminal": terminal["id"], "key": link["key"]["id"], "user": "local"}
    for operation, method, path in operations:
        if operation == "attach_terminal":
            continue
        answer = ask(theirs, operation, method, path, real)
        assert answer.status == (200 if operation in OPENS else 403), f"{operation}: {answer.status} {answer.data[:200]}"
        for another in (other["id"], UNKNOWN["terminal"], made["name"] + "%2Fother"):
            assert ask(theirs, operation, method, path, {**real, "terminal": another}).status in (403,) or "{terminal}" not in path, operation
    typed = theirs.call("GET", f"/v1/terminals/{terminal['id']}/recording?input=true")
    assert typed.problem["code"] == "permission_denied", "it shows what was printed"
    assert attach(server, link["text"], terminal, seat="read") == 101
    for wrong, wish in ((terminal, {}), (terminal, {"seat": "take"}), (other, {"seat": "read"}), (UNKNOWN["terminal"], {"seat": "read"})):
        assert attach(server, link["text"], wrong, **wish) == 403, wish


async def only_looks(server, terminal, link):
    async with Attached(server, terminal) as owner, aiohttp.ClientSession() as session:
        viewer = Viewer(server, terminal, seat="read")
        await viewer.connect(session, headers={"Authorization": "Bearer " + link["text"]})
        reading = asyncio.ensure_future(viewer.read())
        await owner.send(b"seen\n")
        await viewer.until(lambda v: b"seen" in v.data)
        for frame in (b"typed\n", {"type": "signal", "signal": 15}, {"type": "close_input"}, {"type": "take_over"}):
            count = len(viewer.errors)
            await viewer.send(frame)
            await viewer.until(lambda v: len(v.errors) > count)
            assert viewer.errors[-1]["code"] == "permission_denied", frame
        await viewer.send({"type": "resize", "cols": 10, "rows": 3})
        await viewer.send({"type": "ping"})
        await viewer.until(lambda v: v.pongs)
        assert server.api().get(f"/v1/terminals/{terminal['id']}")["cols"] == 80, "its window counts for nothing"
        server.api().call("DELETE", f"/v1/keys/{link['key']['id']}", expect=204)
        await asyncio.wait_for(reading, 60)
        assert viewer.errors[-1]["code"] == "unauthenticated" and viewer.socket.close_code == 1008
        await owner.send(b"after\n")
        await owner.until(lambda v: b"after" in v.data)
        assert b"after" not in viewer.data and b"typed" not in owner.data


def test_it_looks_and_ends_when_it_is_revoked(own):
    server = own(env={"BERTH_TERMINAL_SIZE_BY": "smallest"})
    api = server.api()
    terminal = api.terminal(api.sandbox("container"), "cat")
    link = shared(api, terminal, label="demo")
    asyncio.run(only_looks(server, terminal, link))
    assert server.tcp(link["text"]).call("GET", f"/v1/terminals/{terminal['id']}/screen").status == 401


def test_it_expires_and_open_viewers_go(own):
    server = own(env={"BERTH_KEYS_USED_EVERY_MS": "1000"})
    api = server.api()
    terminal = api.terminal(api.sandbox("container"), "cat")
    link = shared(api, terminal, expires_ms=3000)

    async def until_it_expires():
        viewer = Viewer(server, terminal, seat="read")
        async with aiohttp.ClientSession() as session:
            await viewer.connect(session, headers={"Authorization": "Bearer " + link["text"]})
            await asyncio.wait_for(viewer.read(), 60)
        assert viewer.socket.close_code == 1008 and "expired" in viewer.errors[-1]["detail"]

    asyncio.run(until_it_expires())
    refused = server.tcp(link["text"]).call("GET", f"/v1/terminals/{terminal['id']}/screen")
    assert refused.status == 401 and "expired" in refused.problem["detail"]


def test_it_is_stored_hashed_listed_and_survives_a_restart(own):
    server = own()
    api = server.api()
    terminal = api.terminal(api.sandbox("container"), "cat")
    link = shared(api, terminal, label="demo")
    secret = link["text"].split("_")[2]
    assert link["key"]["terminal"] == terminal["id"] and link["key"]["scopes"] == ["read"] and len(secret) == 52
    server.kill()
    for path in server.home.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    columns = sqlite3.connect(server.home / "berth.db").execute("SELECT terminal, length(hash) FROM keys WHERE label = 'demo'").fetchall()
    assert columns == [(terminal["id"], 64)]
    server.start()
    assert server.tcp(link["text"]).call("GET", f"/v1/terminals/{terminal['id']}/screen").status == 200
    mine = next(key for key in server.api().get("/v1/keys")["items"] if key["label"] == "demo")
    assert mine["used"] and mine["terminal"] == terminal["id"]
    assert server.api().get("/v1/keys")["items"][0]["terminal"] is None


def test_whose_terminal_it_is_and_wrong_links(server, api, shown):
    _, terminal = shown
    api.call("POST", "/v1/users", {"name": "nina", "role": "member"}, expect=201)
    nina = server.tcp(api.call("POST", "/v1/keys", {"user": "nina"}, expect=201).json["text"])
    assert nina.call("POST", "/v1/keys", {"terminal": terminal["id"]}).status == 404, "another's"
    assert nina.call("POST", "/v1/keys", {"terminal": terminal["id"], "user": "local"}).status == 403
    for body in ({"terminal": "trm_x"}, {"terminal": UNKNOWN["terminal"]}):
        assert api.call("POST", "/v1/keys", body).status == 404
    assert api.call("POST", "/v1/keys", {"terminal": terminal["id"], "scopes": ["run"]}).status == 400
    assert api.call("POST", "/v1/keys", {"terminal": terminal["id"], "expires_ms": 0}).status == 400
    only_reads = nina.call("POST", "/v1/keys", {"scopes": ["read"]}, expect=201).json["text"]
    assert server.tcp(only_reads).call("POST", "/v1/keys", {"terminal": terminal["id"]}).status == 403


def test_unknown_links_count_against_the_address(own):
    server = own(env={"BERTH_RATE_BURST": "20", "BERTH_RATE_REQUESTS_PER_SECOND": "1"})
    terminal = server.api().terminal(server.api().sandbox("container"), "cat")
    good = shared(server.api(), terminal)["text"]
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    seen = [server.tcp(wrong).call("GET", f"/v1/terminals/{terminal['id']}/screen").status for _ in range(60)]
    assert seen[0] == 401 and 429 in seen, seen
    assert server.tcp(good).call("GET", f"/v1/terminals/{terminal['id']}/screen").status == 200


def test_on_the_command_line(own):
    server = own()
    api = server.api()
    made = api.sandbox("container", name="box")
    terminal = api.terminal(made, "sh", "-c", "echo hello; read line; echo got $line; exit 5", name="main")
    eventually(lambda: b"hello" in api.call("GET", f"/v1/terminals/{terminal['id']}/output").data)
    link = server.cli("share", "box/main", "--expires", "1h", "--label", "demo", check=0).stdout.strip()
    assert link.startswith(f"http://127.0.0.1:{server.port}/v1/terminals/{terminal['id']}/attach#berth_"), link
    token = link.split("/")[-2] + "#" + link.split("#")[1]
    with Person(server.home, "attach", link) as person, Person(server.home, "attach", token) as other:
        person.sees(b"hello")
        other.sees(b"hello")
        person.types("x")
        person.sees(b"only read")
        api.call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": "you\n"}, expect=204)
        person.sees(b"got you")
        assert person.ends() == 5 and other.ends() == 5
    assert server.cli("attach", link, check=5).stdout.replace("\r", "") == "hello\nyou\ngot you\n"
    keys = listed(server.cli("key", "ls", "--json", check=0))
    key = next(key for key in keys if key["terminal"])
    assert terminal["id"] in server.cli("key", "ls", check=0).stdout
    server.cli("key", "revoke", key["id"], check=0)
    assert server.cli("attach", link).returncode != 0
    assert server.cli("attach", link[:-5]).returncode != 0 and server.cli("attach", "box#x").returncode != 0
    assert json.loads(server.cli("share", "box/main", "--json", check=0).stdout)["link"]
