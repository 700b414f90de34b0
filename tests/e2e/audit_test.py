"""Who did what: a record in the unit of work of each change, one for each refusal, and a chain that is proved whatever went."""

import asyncio
import hashlib
import json
import sqlite3
from datetime import datetime

import aiohttp
from kit import eventually
from people_test import UNKNOWN
from sessions_test import change, create
from viewer import Viewer

COLUMNS = ("seq", "time", "actor", "key", "action", "subject", "outcome", "request", "hash")


def records(server):
    with sqlite3.connect(f"file:{server.home}/berth.db?mode=ro", uri=True) as base:
        return [dict(zip(COLUMNS, row)) for row in base.execute(f"SELECT {', '.join(COLUMNS)} FROM audit ORDER BY seq")]


def hash_of(before, row):
    fields = [before, str(row["seq"]), str(row["time"]), *(row[name] for name in COLUMNS[2:8])]
    return hashlib.sha256(b"".join(b"%d:%s" % (len(field.encode()), field.encode()) for field in fields)).hexdigest()


def proved(rows):
    """Every record by its hash; what comes before the first one by a record that says so."""
    before = ""
    if rows[0]["seq"] > 1:
        anchor = [row for row in rows if row["action"] == "audit.trimmed"][-1]
        assert anchor["subject"] == f"1-{rows[0]['seq'] - 1}" and anchor["actor"] == "server"
        before = anchor["outcome"]
    for number, row in enumerate(rows, rows[0]["seq"]):
        assert row["seq"] == number and row["hash"] == hash_of(before, row), row
        before = row["hash"]
    return rows


def done(rows, after=0, outcome="ok"):
    return [(row["actor"], row["action"], row["subject"]) for row in rows if row["seq"] > after and row["outcome"] == outcome]


async def takes_over(server, key, terminal):
    async with aiohttp.ClientSession() as http:
        first, second = Viewer(server, terminal, seat="write"), Viewer(server, terminal, seat="write")
        await first.connect(http, headers={"Authorization": "Bearer " + key})
        await second.connect(http, headers={"Authorization": "Bearer " + key})
        reading = asyncio.ensure_future(second.read())
        await second.send({"type": "take_over"})
        await second.until(lambda v: v.seats and v.seats[-1] == "writer")
        third = Viewer(server, terminal, seat="take")
        await third.connect(http, headers={"Authorization": "Bearer " + key})
        reading.cancel()


def test_every_change_has_its_record(own):
    server = own()
    api = server.api()
    before = len(records(server))
    api.call("POST", "/v1/users", {"name": "ada", "role": "member"}, expect=201)
    made = api.call("POST", "/v1/keys", {"user": "ada"}, expect=201).json
    ada = server.tcp(made["text"])
    box = ada.sandbox("container")
    terminal = ada.terminal(box, "cat", name="main")
    executed = ada.exec(box, "true")
    asyncio.run(takes_over(server, made["text"], terminal))
    ada.call("POST", f"/v1/terminals/{terminal['id']}/rename", {"name": "other"}, expect=200)
    link = ada.call("POST", "/v1/keys", {"terminal": terminal["id"]}, expect=201).json["key"]
    ada.call("DELETE", f"/v1/keys/{link['id']}", expect=204)
    ada.call("POST", f"/v1/terminals/{terminal['id']}/close", {}, expect=200)
    ada.call("POST", f"/v1/terminals/{terminal['id']}/close", {}, expect=200)  # it has ended already: nothing changes
    device = ada.post("/v1/devices", {"name": "laptop"}, 201)["device"]
    ada.call("DELETE", f"/v1/devices/{device['id']}", expect=204)
    session = create(ada)
    change(ada, "PATCH", f"/v1/sessions/{session['id']}", 1, {"title": "Other"})
    for verb in ("pause", "resume", "stop"):
        ada.call("POST", f"/v1/sandboxes/{box['id']}/{verb}", {}, expect=200)
    ada.call("DELETE", f"/v1/sandboxes/{box['id']}", expect=204)
    other = ada.sandbox("container")
    ada.remove(other)
    job = api.get("/v1/jobs")["items"][0]["id"]
    cancelled = api.call("POST", f"/v1/jobs/{job}/cancel", {})
    api.call("POST", "/v1/users/ada", {"role": "viewer"}, expect=200)
    api.call("POST", "/v1/users/ada", {"disabled": True}, expect=200)

    rows = proved(records(server))
    expected = [("local", "user.added", "ada"), ("local", "key.created", made["key"]["id"]), ("ada", "sandbox.created", box["id"]),
                ("ada", "terminal.created", terminal["id"]), ("ada", "terminal.executed", executed["terminal"]),
                ("ada", "terminal.taken_over", terminal["id"]), ("ada", "terminal.taken_over", terminal["id"]),
                ("ada", "terminal.renamed", terminal["id"]), ("ada", "link.created", link["id"]), ("ada", "key.revoked", link["id"]),
                ("ada", "terminal.closed", terminal["id"]), ("ada", "device.added", device["id"]), ("ada", "device.revoked", device["id"]),
                ("ada", "session.created", session["id"]), ("ada", "session.described", session["id"]),
                ("ada", "sandbox.paused", box["id"]), ("ada", "sandbox.resumed", box["id"]), ("ada", "sandbox.stopped", box["id"]),
                ("ada", "sandbox.removed", box["id"]), ("ada", "sandbox.created", other["id"]), ("ada", "sandbox.stopped", other["id"]),
                ("ada", "sandbox.removed", other["id"])]
    expected += [("local", "job.cancelled", job)] if cancelled.status == 200 else []
    expected += [("local", "user.role_changed", "ada"), ("local", "user.disabled", "ada")]
    assert done(rows, before) == expected
    assert done(rows)[:2] == [("server", "key.created", api.get("/v1/keys")["items"][0]["id"]), ("server", "secret.created", "key 1")]
    assert {row["key"] for row in rows if row["actor"] == "ada"} == {made["key"]["id"]}
    assert all(row["request"].startswith("req_") for row in rows if row["actor"] in ("ada",))
    assert abs(rows[-1]["time"] / 1e9 - datetime.now().timestamp()) < 600

    server.cli("secret", "rotate", check=0)
    server.stop()
    server.start()
    assert done(proved(records(server)))[-1] == ("local", "secret.rotated", "key 2")
    server.stop()
    server.start()
    assert done(records(server))[-1] == ("local", "secret.rotated", "key 2"), "once"


def test_refusals_are_recorded_and_bounded(own):
    server = own(env={"BERTH_AUDIT_REFUSALS": "20"}, template=False)
    api = server.api()
    api.call("POST", "/v1/users", {"name": "eve", "role": "viewer"}, expect=201)
    text = api.call("POST", "/v1/keys", {"user": "eve"}, expect=201).json["text"]
    eve = server.tcp(text)
    session = create(api)
    start = len(records(server))
    assert eve.call("POST", "/v1/users", {"name": "x"}).status == 403
    assert eve.call("GET", f"/v1/sessions/{session['id']}").status == 404
    assert eve.call("GET", f"/v1/terminals/{UNKNOWN['terminal']}").status == 404
    assert eve.call("GET", "/v1/sandboxes/" + "n" * 300).status == 404
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert server.tcp(wrong).call("GET", "/v1/info").status == 401
    expected = [("eve", "add_user", "x", "permission_denied"), ("eve", "describe_session", session["id"], "not_found"),
                ("eve", "get_terminal", UNKNOWN["terminal"], "not_found"), ("eve", "get_sandbox", "n" * 100, "not_found"),
                ("", "authenticate", "127.0.0.1", "unauthenticated")]

    def seen():
        return [(row["actor"], row["action"], row["subject"], row["outcome"]) for row in records(server)[start:]]

    eventually(lambda: len(seen()) >= len(expected), 20, "the records")
    assert sorted(seen()) == sorted(expected)
    for _ in range(100):
        assert eve.call("GET", f"/v1/sessions/{session['id']}").status == 404
    eventually(lambda: "berth_audit_refusals_unrecorded_total 0" not in server.api().call("GET", "/metrics").data.decode(), 20, "the count")
    assert len(seen()) < 60, "what one caller can write is bounded"
    proved(records(server))


def test_the_oldest_go_and_what_remains_is_proved(own):
    server = own(env={"BERTH_AUDIT_KEEP": "60", "BERTH_AUDIT_SEGMENT": "20", "BERTH_AUDIT_TRIM_MS": "1000"}, template=False)
    api = server.api()
    session = create(api)
    for version in range(1, 150):
        change(api, "PATCH", f"/v1/sessions/{session['id']}", version, {"title": f"Plan {version}"})
    eventually(lambda: len(records(server)) <= 60, 60, "the end of the oldest")
    rows = proved(records(server))
    assert rows[0]["seq"] > 80 and (rows[0]["seq"] - 1) % 20 == 0
    server.kill()
    server.start()
    change(api, "PATCH", f"/v1/sessions/{session['id']}", 150, {"title": "Last"})
    assert done(proved(records(server)))[-1] == ("local", "session.described", session["id"])
    assert json.loads(server.cli("session", "show", "--json", "Last", check=0).stdout)["version"] == 151
