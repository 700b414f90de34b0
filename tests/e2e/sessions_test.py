"""Sessions over the API: their life, two clients at one, other people's, what is refused, and nothing lost by kill -9."""

import base64
import contextlib
import hashlib
import json
import os
import random
import sqlite3
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from events_test import Follower, settled
from kit import SEED, eventually

PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"
ROOMY = "sessions:\n  active: 1000\n  stored: 1000\n"


@pytest.fixture(scope="module")
def server(request):
    from kit import Server, clean_up, new_home
    shared = Server(new_home())
    (shared.home / "config.yaml").write_text(ROOMY)
    yield shared.start()
    assert clean_up(shared) == []


def create(api, title="Plan", document=None, **more):
    return api.post("/v1/sessions", {"title": title, "document": document or {}, **more}, 201)


def path_of(session, rest=""):
    return f"/v1/sessions/{session['id']}{rest}"


def change(api, method, path, version, body, kind="application/json", client=None, once=None, match=None):
    headers = {"Content-Type": kind}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    headers |= {"If-Match": match} if match else {}
    headers |= {"X-Berth-Client": client} if client else {}
    headers |= {"Idempotency-Key": once} if once else {}
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    if data is None:
        del headers["Content-Type"]
    return api.call(method, path, data=data, headers=headers)


def document(api, session, query=""):
    answer = api.call("GET", path_of(session, "/document" + query), expect=200)
    return answer.headers["etag"], answer.data


def test_the_life_of_a_session(api, server):
    made = create(api, "Plan", {"b": 1.0, "a": "ä", "todos": [{"id": "1", "text": "x", "done": False}]}, tags=["work"])
    assert (made["version"], made["state"], made["tags"]) == (1, "active", ["work"])
    assert document(api, made) == ('"1"', '{"a":"ä","b":1,"todos":[{"done":false,"id":"1","text":"x"}]}'.encode())
    put = change(api, "PUT", path_of(made, "/document"), 1, {"n": 1})
    assert put.status == 200 and put.headers["etag"] == '"2"' and put.json["document_bytes"] == 7
    patched = change(api, "PATCH", path_of(made, "/document"), 2, [{"op": "add", "path": "/m", "value": [1]}], PATCH)
    merged = change(api, "PATCH", path_of(made, "/document"), 3, {"n": None, "k": {"x": 1}}, MERGE + "; charset=utf-8")
    assert (patched.status, merged.status, merged.headers["etag"]) == (200, 200, '"4"')
    assert document(api, made)[1] == b'{"k":{"x":1},"m":[1]}'
    assert document(api, made, "?version=2") == ('"2"', b'{"n":1}')
    difference = api.call("GET", path_of(made, "/difference?from=2&to=4"), expect=200)
    assert difference.headers["content-type"] == PATCH
    assert sorted(step["path"] for step in difference.json) == ["/k", "/m", "/n"]
    renamed = change(api, "PATCH", path_of(made), 4, {"title": "Other", "description": "two\nlines", "tags": []})
    assert (renamed.json["title"], renamed.json["version"], renamed.json["tags"]) == ("Other", 5, [])
    restored = change(api, "POST", path_of(made, "/versions/2/restore"), 5, None)
    assert restored.json["version"] == 6 and document(api, made)[1] == b'{"n":1}'
    versions = api.get(path_of(made, "/versions"))["items"]
    assert [row["what"] for row in versions] == ["restored 2", "described", "patched", "patched", "replaced", "created"]
    assert [row["version"] for row in api.get(path_of(made, "/versions?before=3&limit=1"))["items"]] == [2]
    copied = api.call("POST", path_of(made, "/copy"), {"title": "Copy"}, expect=201)
    assert copied.headers["location"] == path_of(copied.json) and document(api, copied.json)[1] == b'{"n":1}'
    assert api.call("POST", path_of(made, "/close"), expect=200).json["state"] == "closed"
    closed = api.call("POST", path_of(made, "/logs/usage"), {"id": "late", "entry": {}})
    assert closed.status == 409 and "closed" in closed.problem["detail"]
    late = change(api, "PUT", path_of(made, "/document"), 7, {"late": 1})
    assert late.status == 200 and late.json["state"] == "closed", "what a page had unsaved is taken"
    assert api.call("POST", path_of(made, "/close")).status == 409
    assert api.call("POST", path_of(made, "/resume"), expect=200).json["state"] == "active"
    before = api.get("/v1/sessions?limit=100")["items"]
    assert before[0]["id"] == made["id"]
    api.call("DELETE", path_of(made), expect=204)
    assert api.call("GET", path_of(made)).status == 404 and api.call("DELETE", path_of(made)).status == 404
    kinds = [event["type"] for event in settled(server) if event["session"] == made["id"]]
    assert kinds == ["session." + word for word in ("created", "replaced", "patched", "patched", "described", "restored", "closed",
                                                    "replaced", "resumed", "removed")]


def test_two_clients_and_one_conflict(api):
    made = create(api)
    assert change(api, "PUT", path_of(made, "/document"), 1, {"by": "a"}, client="tab a").status == 200
    late = change(api, "PUT", path_of(made, "/document"), 1, {"by": "b"}, client="tab b")
    assert late.status == 412 and late.problem["code"] == "stale_version"
    facts = late.problem["facts"]
    assert facts["version"] == "2" and facts["client"] == "tab a" and facts["changed_by"] == "socket" and int(facts["updated_ns"]) > 0
    assert document(api, made)[1] == b'{"by":"a"}'
    for kind, path, body in (("PATCH", "/document", {}), ("PATCH", "", {"title": "x"}), ("POST", "/versions/1/restore", None)):
        assert change(api, kind, path_of(made, path), 1, body, MERGE if path else "application/json").status == 412
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: change(api, "PUT", path_of(made, "/document"), 2, {"n": n}).status, range(8)))
    assert sorted(answers) == [200] + [412] * 7
    api.call("POST", path_of(made, "/close"), expect=200)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: api.call("POST", path_of(made, "/resume")).status, range(4)))
    assert sorted(answers) == [200, 409, 409, 409]


def test_a_key_has_one_effect(api):
    once = f"make {SEED}"
    first = change(api, "POST", "/v1/sessions", None, {"title": "Once"}, once=once)
    again = change(api, "POST", "/v1/sessions", None, {"title": "Once"}, once=once)
    assert first.status == again.status == 201 and first.json["id"] == again.json["id"]
    made = first.json
    for step, (method, path, kind, body) in enumerate((("PATCH", "/document", MERGE, {"n": 1}), ("PUT", "/document", "application/json", {}),
                                                       ("PATCH", "", "application/json", {"title": "T"}),
                                                       ("POST", "/versions/1/restore", "application/json", None)), 1):
        key = f"change {step} {SEED}"
        for _ in range(2):
            answer = change(api, method, path_of(made, path), step, body, kind, once=key)
            assert answer.status == 200 and answer.headers["etag"] == f'"{step + 1}"', (method, path, answer.data)
    assert api.get(path_of(made))["version"] == 5
    copies = [change(api, "POST", path_of(made, "/copy"), None, {"title": "C"}, once=f"copy {SEED}").json["id"] for _ in range(2)]
    assert copies[0] == copies[1]
    other = change(api, "POST", "/v1/sessions", None, {"title": "Another"}, once=once)
    assert other.status == 409, other.data
    assert change(api, "PUT", path_of(made, "/document"), 5, {}, once="x" * 201).status == 400


def test_lists(api):
    word = f"zeta{SEED}"
    rows = [create(api, f"{word} {name}", tags=[tag, word[:50]]) for name, tag in (("Bär", "b"), ("ähre", "a"), ("apfel", "a"))]
    api.call("POST", path_of(rows[0], "/close"), expect=200)

    def titles(query):
        return [row["title"].split()[1] for row in api.all(f"/v1/sessions?title={word.upper()}&{query}")]
    assert titles("order=title") == ["apfel", "Bär", "ähre"] and titles("order=title&direction=down&limit=1") == ["ähre", "Bär", "apfel"]
    assert titles("order=created&limit=2") == ["apfel", "ähre", "Bär"] and titles("order=updated") == ["Bär", "apfel", "ähre"]
    assert titles("state=closed") == ["Bär"] and titles("tag=a&order=title") == ["apfel", "ähre"]

    def moment(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    assert titles(f"from={moment(100)}") == [] and len(titles(f"from={moment(-1000)}&until={moment(100)}")) == 3
    page = api.get(f"/v1/sessions?title={word}&limit=1")
    forged = page["next"][:-1] + ("0" if page["next"][-1] != "0" else "1")
    for query in (f"title={word}&after={forged}", f"title={word}&limit=1&state=active&after={page['next']}", "after=x", "limit=0", "limit=101",
                  "state=open", "order=size", "direction=left", "from=yesterday"):
        refused = api.call("GET", "/v1/sessions?" + query)
        assert refused.status == 400 and refused.problem["code"] == "invalid_argument", query
    would = api.call("DELETE", "/v1/sessions?keep=0&dry_run=true", expect=200).json["items"]
    assert rows[0]["id"] in [row["id"] for row in would] and api.call("DELETE", "/v1/sessions").status == 400
    assert api.call("DELETE", "/v1/sessions?older_days=1", expect=200).json["items"] == []
    gone = api.call("DELETE", "/v1/sessions?keep=0", expect=200).json["items"]
    assert [row["id"] for row in gone] == [row["id"] for row in would] and titles("state=closed") == []


def test_logs(api):
    made = create(api)
    log = path_of(made, "/logs/conversation")
    entry = {"role": "user", "content": "Hello", "extra": [1]}
    assert api.post(log, {"id": "m1", "entry": entry}) == {"offset": 0, "again": False}
    assert api.post(log, {"id": "m1", "entry": entry}) == {"offset": 0, "again": True}
    assert api.call("POST", log, {"id": "m1", "entry": {**entry, "content": "Other"}}).status == 409
    assert api.call("POST", log, {"id": "m2", "entry": {"role": "robot", "content": ""}}).status == 400
    for n in range(30):
        assert api.post(path_of(made, "/logs/usage"), {"id": f"u{n}", "entry": {"n": n}})["offset"] == n
    page = api.get(path_of(made, "/logs/usage?from=25&limit=3"))
    assert [item["entry"]["n"] for item in page["items"]] == [25, 26, 27] and page["end"] == 30
    assert len(api.get(path_of(made, "/logs/usage"))["items"]) == 20
    assert api.get(path_of(made))["version"] == 1
    assert api.call("GET", path_of(made, "/logs/secrets")).status == 404
    assert api.call("GET", path_of(made, "/logs/usage?limit=101")).status == 400
    assert api.call("POST", log, {"id": "a b", "entry": entry}).status == 400
    too_large = api.call("POST", log, {"id": "big", "entry": {"role": "user", "content": "x" * (1 << 20)}})
    assert too_large.status == 413 and "1048576" in too_large.problem["detail"]


def deep(levels):
    return b"[" * levels + b"]" * levels


DOCUMENTS = {
    b"[]": "object", b"": "JSON", b'{"a":': "JSON", b'{"a":1,"a":2}': "twice", b'{"a":NaN}': "JSON", b'{"a":1e400}': "number",
    b'{"a":"\xff"}': "UTF-8", b'{"a":' + deep(64) + b"}": "deep", b'{"schema":99}': "format 99", b'{"notes":{}}': "notes",
    b'{"a":9007199254740993}': "number", b'{"a":"\\ud800"}': "",
}


def test_documents_that_are_refused(api):
    made = create(api)
    for body, word in DOCUMENTS.items():
        for method, kind in (("PUT", "application/json"), ("PATCH", MERGE)):
            if method == "PATCH" and body == b"[]":
                continue
            refused = change(api, method, path_of(made, "/document"), 1, body, kind)
            expected = 501 if b"schema" in body else 400
            assert refused.status == expected, f"{method} {body[:60]}: {refused.data}"
            text = refused.problem["detail"] + refused.problem["hint"]
            assert method == "PATCH" or word.lower() in text.lower(), (body[:60], text)
    large = b'{"a":"' + b"x" * (1536 << 10) + b'"}'
    refused = change(api, "PUT", path_of(made, "/document"), 1, large)
    assert refused.status == 413 and str(len(large)) in refused.problem["detail"] and str(1536 << 10) in refused.problem["detail"]
    larger = b'{"a":"' + b"x" * (1700 << 10) + b'"}'
    refused = change(api, "PUT", path_of(made, "/document"), 1, larger)
    assert refused.status == 413 and str(len(larger)) in refused.problem["detail"]
    exact = b'{"a":"' + b"x" * ((1536 << 10) - 8) + b'"}'
    assert change(api, "PUT", path_of(made, "/document"), 1, exact).status == 200
    assert document(api, made)[1] == exact


def test_changes_that_are_refused(api):
    made = create(api, document={"n": 1})
    at = path_of(made, "/document")
    for steps in ([{"op": "remove", "path": "/x"}], [{"op": "test", "path": "/n", "value": 2}], [{"op": "replace", "path": "/a/b", "value": 1}]):
        refused = change(api, "PATCH", at, 1, steps, PATCH)
        assert refused.status == 409 and refused.problem["code"] == "failed_precondition", (steps, refused.data)
    for steps in ({"op": "remove"}, [{"op": "fly", "path": "/n"}], [{"op": "add", "path": "n", "value": 1}], [{"op": "add", "path": "/n"}]):
        assert change(api, "PATCH", at, 1, steps, PATCH).status == 400, steps
    assert change(api, "PATCH", at, 1, [{"op": "replace", "path": "", "value": []}], PATCH).status == 400
    for kind in ("application/json", "text/plain", "application/json-patch", MERGE + "x"):
        refused = change(api, "PATCH", at, 1, {}, kind)
        assert refused.status == 415 and MERGE in refused.problem["hint"]
    for method, path, kind, body in (("PUT", at, "application/json", {}), ("PATCH", at, MERGE, {}), ("PATCH", path_of(made), "application/json", {}),
                                     ("POST", path_of(made, "/versions/1/restore"), "application/json", None)):
        refused = change(api, method, path, None, body, kind)
        assert refused.status == 428 and refused.problem["code"] == "version_required"
        for match in ('W/"1"', "*", "1", '"1", "2"', '""', '"-1"', '"99999999999999999999"'):
            assert change(api, method, path, None, body, kind, match=match).status == 400, match
    for wrong in ({"title": ""}, {"title": "x" * 51}, {"title": "a\nb"}, {"title": "a\x1bb"}, {"title": "   "}, {"title": 7}, {"tags": ["a", "a"]},
                  {"tags": "a"}, {"description": "x" * 251}, {"name": "x"}, []):
        assert change(api, "PATCH", path_of(made), 1, wrong).status == 400, wrong
    assert change(api, "PUT", at, 1, {}, client="x" * 101).status == 400
    for wrong in ({}, {"title": "x", "sandbox": "no-such"}, {"title": "x", "document": []}, {"title": "x", "colour": "red"}):
        assert api.call("POST", "/v1/sessions", wrong).status in (400, 404), wrong
    assert document(api, made) == ('"1"', b'{"n":1}')


@pytest.mark.parametrize("name", ["ses_x", "ses_" + "0" * 25, "ses_" + "0" * 27, "trm_" + "0" * 26, "..", "%2e%2e", "%00", "ses_%00" + "0" * 25,
                                  "ses_" + "U" * 26, "a" * 5000, "%2fetc%2fpasswd"])
def test_ids_that_are_none(api, name):
    for path in ("", "/document", "/versions", "/logs/usage", "/events?follow=false"):
        refused = api.call("GET", f"/v1/sessions/{name}{path}")
        assert refused.status in (400, 404) and refused.problem, (name, path, refused.data)


def test_limits_of_an_owner(own):
    server = own(config="sessions:\n  active: 2\n  stored: 3\n", template=False)
    api = server.api()
    one = create(api)
    warned = api.call("POST", "/v1/sessions", {"title": "two"}, expect=201)
    assert "2" in warned.headers["x-berth-warning"]
    refused = api.call("POST", "/v1/sessions", {"title": "three"})
    assert refused.status == 409 and refused.problem["code"] == "resource_exhausted" and "limit is 2" in refused.problem["detail"]
    api.call("POST", path_of(one, "/close"), expect=200)
    create(api)
    assert api.call("POST", path_of(one, "/resume")).problem["code"] == "resource_exhausted"
    api.call("POST", f"/v1/sessions/{warned.json['id']}/close", expect=200)
    assert "3" in api.call("POST", "/v1/sessions", {"title": "four"}).problem["detail"]


def test_devices(own):
    server = own(config="sessions:\n  devices: 2\n", template=False)
    api = server.api()
    made = api.post("/v1/devices", {"name": "laptop"}, 201)
    other = api.post("/v1/devices", {"name": "phone"}, 201)
    assert len(base64.b64decode(made["key"])) == 32 and made["key"] != other["key"]
    assert api.call("POST", "/v1/devices", {"name": "third"}).problem["code"] == "resource_exhausted"
    server.kill()
    server.start()
    found = api.get(f"/v1/devices/{made['device']['id']}")
    assert found == made
    listed = api.get("/v1/devices")["items"]
    assert [device["name"] for device in listed] == ["laptop", "phone"] and "key" not in listed[0]
    api.call("DELETE", f"/v1/devices/{made['device']['id']}", expect=204)
    assert api.call("GET", f"/v1/devices/{made['device']['id']}").status == 404
    assert api.call("DELETE", f"/v1/devices/{made['device']['id']}").status == 404
    assert made["key"] not in server.said(10_000)
    assert api.call("POST", "/v1/devices", {"name": "a\x07"}).status == 400


def test_a_damaged_record_is_told_and_the_others_are_served(own):
    server = own(template=False)
    api = server.api()
    good, bad = create(api, "Good", {"n": 1}), create(api, "Bad", {"n": 2})
    server.kill()
    with sqlite3.connect(server.home / "berth.db") as database:
        sealed = bytearray(database.execute("SELECT sealed FROM session_revisions WHERE session = ?", (bad["id"],)).fetchone()[0])
        sealed[random.Random(SEED).randrange(22, len(sealed))] ^= 1
        database.execute("UPDATE session_revisions SET sealed = ? WHERE session = ?", (bytes(sealed), bad["id"]))
    database.close()
    server.start()
    refused = api.call("GET", path_of(bad, "/document"))
    assert refused.status == 500 and refused.problem["code"] == "record_damaged"
    assert {row["title"]: row["damaged"] for row in api.get("/v1/sessions")["items"]} == {"Good": False, "Bad": True}
    assert document(api, good)[1] == b'{"n":1}'
    assert "damaged" in server.cli("session", "ls", check=0).stdout


def audit(server):
    """(action, subject) of each record of a change, the chain computed anew as src/audit/audit/chain.hpp says."""
    with contextlib.closing(sqlite3.connect(f"file:{server.home}/berth.db?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT seq, time, actor, key, action, subject, outcome, request, hash FROM audit ORDER BY seq").fetchall()
    before = ""
    for number, row in enumerate(rows, 1):
        fields = [before.encode(), *(str(field).encode() for field in row[:-1])]
        assert row[0] == number and (row[7].startswith("req_") or not row[4].startswith("session."))
        before = hashlib.sha256(b"".join(b"%d:%s" % (len(field), field) for field in fields)).hexdigest()
        assert row[8] == before, row
    return [(row[4], row[5]) for row in rows if row[6] == "ok"]


class Writer(threading.Thread):
    """Saves without an end; what was acknowledged is written down outside of the server's file system, with fsync."""

    def __init__(self, server, session, witness, stopped):
        super().__init__(daemon=True)
        self.server, self.session, self.witness, self.stopped = server, session, witness, stopped
        self.failure = None

    def run(self):
        version, count, key = 1, 0, None
        api = self.server.api()
        with self.witness.open("a") as out:
            while not self.stopped.is_set():
                key = key or f"{self.session['id']} {count}"
                body = {"count": count} if count % 3 else {"count": count, "text": "x" * 5000}
                try:
                    answer = change(api, "PATCH", path_of(self.session, "/document"), version, body, MERGE, client="writer", once=key)
                except Exception:  # noqa: BLE001  (no answer: the same request again, under the same key)
                    continue
                if answer.status == 503:
                    continue
                if answer.status != 200:
                    self.failure = (answer.status, answer.data)
                    return
                version = answer.json["version"]
                out.write(f"{version} {count}\n")
                out.flush()
                os.fsync(out.fileno())
                count, key = count + 1, None


def test_nothing_acknowledged_is_lost_by_kill_9(own):
    print("BERTH_SEED", SEED)
    chance = random.Random(SEED)
    server = own(config=ROOMY, template=False)
    outside = Path(tempfile.mkdtemp(dir="/dev/shm"))
    sessions = [create(server.api(), f"s{n}") for n in range(4)]
    followers = [Follower(server, path_of(session, "/events"), after=0) for session in sessions]
    stopped = threading.Event()
    writers = [Writer(server, session, outside / session["id"], stopped) for session in sessions]
    for writer in writers:
        writer.start()

    def acknowledged(session):
        path = outside / session["id"]
        return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []
    for _ in range(5):
        goal = {session["id"]: len(acknowledged(session)) + chance.randint(2, 12) for session in sessions}
        eventually(lambda: any(w.failure for w in writers) or all(len(acknowledged(s)) >= goal[s["id"]] for s in sessions), 120, "saves")
        server.kill()
        server.start()
    stopped.set()
    for writer in writers:
        writer.join(60)
        assert writer.failure is None and not writer.is_alive(), writer.failure
    api, lost = server.api(), 0
    for session, follower in zip(sessions, followers):
        told = acknowledged(session)
        row = api.get(path_of(session))
        assert [version for version, _ in told] == list(range(2, 2 + len(told))), "a key had two effects, or none"
        lost += max(0, told[-1][0] - row["version"])
        assert row["version"] - told[-1][0] <= 1
        assert json.loads(document(api, session, f"?version={told[-1][0]}")[1])["count"] == told[-1][1]
        for version, count in chance.sample(told[-90:], min(10, len(told))):
            assert json.loads(document(api, session, f"?version={version}")[1])["count"] == count
        eventually(lambda: follower.events and follower.events[-1]["data"]["version"] == row["version"], 60, "the last event")
        follower.stop()
        assert [event["data"]["version"] for event in follower.events] == list(range(1, row["version"] + 1)) and follower.gaps == []
        recorded = [action for action, subject in audit(server) if subject == session["id"]]
        assert recorded == ["session.created"] + ["session.patched"] * (row["version"] - 1)
    print(f"acknowledged saves: {sum(len(acknowledged(s)) for s in sessions)}, lost: {lost}")
    assert lost == 0
    for path in outside.iterdir():
        path.unlink()
    outside.rmdir()
