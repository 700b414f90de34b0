"""Snapshots over HTTP and the command line: made, shown, taken along, removed; strangers, hostile bundles, kill -9."""

import http.client
import json
import os
import random
import re
import sqlite3
import subprocess
import threading

import pytest
from bundles import Signer, bundle, manifest, member
from kit import SEED, cli, eventually, listed

UNKNOWN = "snp_00000000000000000000000000"
SECRET = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"


def session_of(api, document=None, **more):
    return api.post("/v1/sessions", {"title": "Plan", "document": {"n": 1} if document is None else document, **more}, 201)


def snapshot_of(api, session, **more):
    return api.post("/v1/snapshots", {"session": session["id"], **more}, 201)


def act(api, snapshot, what):
    """A call without a body."""
    return api.call("POST", path_of(snapshot, "/" + what), expect=200).json


def path_of(snapshot, rest=""):
    return f"/v1/snapshots/{snapshot['id']}{rest}"


def part(api, snapshot, name="document.json", token=None):
    return api.call("GET", path_of(snapshot, "/part?name=" + name), headers={"X-Berth-Token": token} if token else None)


@pytest.fixture
def people(own):
    """A server, and two of its users over TCP."""
    server = own(template=False, config="sessions:\n  active: 1000\n  stored: 1000\nsnapshots:\n  stored: 1000\n"
                 "  misses_burst: 30\n  misses_per_second: 1\n")
    keys = {}
    for name in ("ada", "bob"):
        server.api().post("/v1/users", {"name": name}, 201)
        keys[name] = server.api().post("/v1/keys", {"user": name}, 201)["text"]
    server.env_of = lambda name: {"BERTH_URL": f"http://127.0.0.1:{server.port}", "BERTH_KEY": keys[name]}
    return server, server.tcp(keys["ada"]), server.tcp(keys["bob"])


def test_what_a_session_was_and_its_terminals(api, server):
    sandbox = api.sandbox("container")
    terminal = api.terminal(sandbox, "sh", "-c", "echo what-was-said")
    eventually(lambda: not api.get(f"/v1/terminals/{terminal['id']}")["running"])
    api.exec(sandbox, "sh", "-c", "echo x > of-the-work; mkfifo pipe; ln -s /etc/shadow link")
    session = session_of(api, {"n": 1}, sandbox=sandbox["id"])
    api.post(f"/v1/sessions/{session['id']}/logs/conversation", {"id": "1", "entry": {"role": "user", "content": "hello"}})
    made = api.call("POST", "/v1/snapshots", {"session": session["id"]}, expect=201)
    snapshot = made.json
    assert made.headers["location"] == path_of(snapshot) and (snapshot["state"], snapshot["visibility"]) == ("ready", "owner")
    api.call("PUT", f"/v1/sessions/{session['id']}/document", data=b'{"n":2}', headers={"If-Match": '"1"', "Content-Type": "application/json"}, expect=200)
    view = api.get(path_of(snapshot))
    below = f"terminals/{terminal['id']}/"
    names = [row["name"] for row in view["parts"]]
    assert names[:3] == ["document.json", "logs/conversation.jsonl", below + "terminal.json"] and below + "recording.cast" in names
    listing = subprocess.run(["tar", "-t"], input=part(api, snapshot, "workspace.tar").data, check=True, capture_output=True).stdout
    assert {b"link", b"of-the-work"} <= set(listing.split()) and b"pipe" not in listing.split()
    assert b"pipe: no file" in part(api, snapshot, "workspace.skipped").data.splitlines()
    assert part(api, snapshot).data == b'{"n":1}'
    assert json.loads(part(api, snapshot, "logs/conversation.jsonl").data)["entry"] == {"content": "hello", "role": "user"}
    cast = part(api, snapshot, below + "recording.cast").data
    assert json.loads(cast.split(b"\n")[0])["version"] == 3 and b"what-was-said" in cast
    less = snapshot_of(api, session, leave_out=["logs/", "terminals/", "workspace.tar"])
    assert less["parts"] == 1
    assert api.call("POST", "/v1/snapshots", {"session": session["id"], "leave_out": ["logs/promts.jsonl"]}).problem["status"] == 400
    api.remove(sandbox)
    assert part(api, snapshot, below + "recording.cast").data == cast, "also when the sandbox is gone"
    assert act(api, snapshot, "verify")["id"] == snapshot["id"]


def test_a_token_is_used_up_by_who_it_was_given_to(people):
    server, ada, bob = people
    snapshot = snapshot_of(ada, session_of(ada))
    shared = ada.post(path_of(snapshot, "/share"), {"visibility": "token", "label": "bob", "uses": 3})
    token = shared["token"]
    link = f"{snapshot['id']}#{token}"
    assert part(bob, snapshot).status == 404
    assert part(bob, snapshot, token=token).data == b'{"n":1}'
    opened = server.cli("snapshot", "open", link, env=server.env_of("bob"), check=0).stdout
    assert "document.json" in opened and "ada" in opened
    copied = server.cli("snapshot", "open", link, "--copy", "Mine", env=server.env_of("bob"), check=0).stdout.strip()
    assert bob.get(f"/v1/sessions/{copied}/document") == {"n": 1}
    assert server.cli("snapshot", "open", link, env=server.env_of("bob")).returncode == 3, "its uses ran out"
    seen = ada.get(path_of(snapshot))
    assert (seen["accesses"][0]["uses"], seen["visits"]["visits"]) == (3, 1)
    assert token not in json.dumps(seen) and "accesses" not in opened
    assert token not in server.said(10_000)
    # The same under many at once: as often as it says, and not once more.
    token = ada.post(path_of(snapshot, "/share"), {"visibility": "token", "uses": 5})["token"]
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(part(bob, snapshot, token=token).status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 5 + [404] * 7
    token = ada.post(path_of(snapshot, "/share"), {"visibility": "token"})
    assert part(bob, snapshot, token=token["token"]).status == 200
    ada.post(path_of(snapshot, "/unshare"), {"access": token["access"]["id"]})
    assert part(bob, snapshot, token=token["token"]).status == 404
    expired = ada.post(path_of(snapshot, "/share"), {"visibility": "token", "expires_ms": 1})["token"]
    eventually(lambda: part(bob, snapshot, token=expired).status == 404, what="the end of a token")
    for wrong in ({"visibility": "owner"}, {}, {"visibility": "link", "uses": 1}, {"visibility": "token", "expires_ms": 0}, {"visibility": "token", "label": "x" * 101}):
        assert ada.call("POST", path_of(snapshot, "/share"), wrong).problem["status"] == 400, wrong


def test_unknown_ids_are_not_told_from_others_and_are_counted(people):
    server, ada, bob = people
    snapshot = snapshot_of(ada, session_of(ada))
    wrong = ada.post(path_of(snapshot_of(ada, session_of(ada)), "/share"), {"visibility": "token"})
    closed = wrong["snapshot"]
    seen = set()
    for asked in (snapshot["id"], UNKNOWN, closed["id"]):
        answer = bob.call("GET", f"/v1/snapshots/{asked}", headers={"X-Berth-Token": "berth_see_" + "0" * 64})
        problem = answer.problem
        problem.pop("request_id")
        names = tuple(sorted(name for name in answer.headers if name not in ("date", "x-request-id")))
        seen.add((answer.status, json.dumps(problem), names, len(answer.data)))
    assert len(seen) == 1 and next(iter(seen))[0] == 404
    statuses = [bob.call("GET", f"/v1/snapshots/{UNKNOWN}").status for _ in range(150)]
    assert 429 in statuses and statuses[0] == 404, "whoever asks too often waits"
    assert part(server.api(), snapshot).status == 404, "which is counted by address: the socket's users do not wait"
    server.stop()
    with sqlite3.connect(server.home / "berth.db") as database:
        rows = database.execute("SELECT actor, outcome, count(*) FROM audit WHERE action = 'snapshot.refused' AND subject = ? GROUP BY actor, outcome",
                                (UNKNOWN,)).fetchall()
    assert rows[0][:2] == ("bob", "not_found") and rows[0][2] >= 1 + statuses.count(404)
    server.start()


@pytest.mark.parametrize("name", ["snp_", "snp_" + "0" * 25, "snp_" + "0" * 27, "ses_" + "0" * 26, "..%2f..%2fetc", "snp_%00" + "0" * 25, "x"])
def test_ids_that_are_none(api, name):
    for rest in ("", "/part?name=x", "/bundle", "/findings"):
        refused = api.call("GET", f"/v1/snapshots/{name}{rest}")
        assert refused.status in (400, 404) and refused.problem, (name, rest)


def test_visits(people):
    server, ada, bob = people
    session = session_of(ada)
    first, second = (snapshot_of(ada, session, title=title) for title in ("beta", "Alpha"))
    for snapshot in (first, second):
        ada.post(path_of(snapshot, "/share"), {"visibility": "link"})
    assert "seen no snapshots" in server.cli("visits", "ls", env=server.env_of("bob"), check=0).stderr
    assert bob.call("HEAD", path_of(first)).status == 200 and bob.get(path_of(first))["own"] is False
    assert ada.get(path_of(first))["visits"] == {"visits": 0, "visitors": 0, "last": None}, "a GET never counts"
    assert act(bob, first, "visits")["counted"] is True
    assert act(bob, first, "visits")["counted"] is False
    assert act(bob, second, "visits")["counted"] is True
    assert act(ada, first, "visits")["counted"] is False
    assert ada.get(path_of(first))["visits"]["visits"] == 1
    assert [row["title"] for row in bob.all("/v1/visits?limit=1")] == ["Alpha", "beta"], "the last first"
    assert [row["title"] for row in bob.all("/v1/visits?limit=1&order=title")] == ["Alpha", "beta"]
    assert [row["title"] for row in bob.all("/v1/visits?order=first&direction=up")] == ["beta", "Alpha"]
    assert [row["title"] for row in bob.all("/v1/visits?title=BET")] == ["beta"]
    cursor = bob.get("/v1/visits?limit=1")["next"]
    for wrong in (f"/v1/visits?limit=1&order=title&after={cursor}", f"/v1/snapshots?after={cursor}", "/v1/visits?order=x", "/v1/visits?limit=101"):
        assert bob.call("GET", wrong).problem["status"] == 400, wrong
    assert [row["title"] for row in listed(server.cli("visits", "ls", "--json", env=server.env_of("bob"), check=0))] == ["Alpha", "beta"]
    server.cli("visits", "rm", second["id"], env=server.env_of("bob"), check=0)
    assert [row["title"] for row in bob.all("/v1/visits")] == ["beta"]
    server.cli("snapshot", "rm", "BETA", env=server.env_of("ada"), check=0)
    assert bob.call("GET", path_of(first)).status == 404 and ada.call("GET", path_of(first)).status == 404
    eventually(lambda: [row["gone"] for row in bob.all("/v1/visits?gone=true")] == [True], what="the mark of a visit")
    eventually(lambda: not (server.home / "snapshots" / first["id"]).exists(), what="the end of its bytes")
    eventually(lambda: [row["state"] for row in server.api().all("/v1/jobs?kind=snapshots.remove")] == ["done"], what="the end of the job")


def test_secrets_are_shown_before_it_is_shared(people):
    server, ada, bob = people
    env = server.env_of("ada")
    session = session_of(ada, {"n": 1, "note": SECRET})
    ada.post(f"/v1/sessions/{session['id']}/logs/prompts", {"id": "1", "entry": {"text": SECRET}})
    made = server.cli("snapshot", "create", "plan", env=env, check=0).stdout.strip()
    refused = server.cli("snapshot", "share", made, env=env)
    assert refused.returncode != 0 and "logs/prompts.jsonl" in refused.stderr and "--mask" in refused.stderr
    assert SECRET not in refused.stderr
    assert json.loads(server.cli("snapshot", "show", made, "--findings", "--json", env=env, check=0).stdout)["more"] is False
    assert ada.call("POST", f"/v1/snapshots/{made}/share", {"visibility": "link"}).problem["facts"] == {"findings": "2"}
    assert bob.call("GET", f"/v1/snapshots/{made}").status == 404
    less = server.cli("snapshot", "create", made, "--mask", "--leave-out", "logs/", "--title", "Less", env=env, check=0).stdout.strip()
    link = server.cli("snapshot", "share", "less", env=env, check=0).stdout.strip()
    assert link == less
    text = server.cli("snapshot", "open", link, "--part", "document.json", env=server.env_of("bob"), check=0).stdout
    assert json.loads(text) == {"n": 1, "note": "*" * len(SECRET)}
    server.cli("snapshot", "share", made, "--accept-findings", env=env, check=0)
    assert bob.call("GET", f"/v1/snapshots/{made}").status == 200
    server.cli("snapshot", "unshare", made, env=env, check=0)
    assert bob.call("GET", f"/v1/snapshots/{made}").status == 404
    for file in (server.home / "snapshots").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), "what it holds is sealed"


def test_an_export_is_taken_to_another_home(own, tmp_path):
    here, there = own(template=False), own(template=False)
    api = here.api()
    session = session_of(api, {"n": 1, "fill": os.urandom(300_000).hex()})
    snapshot = snapshot_of(api, session)
    file = tmp_path / "plan.berth"
    here.cli("snapshot", "export", "Plan", "-o", file, check=0)
    assert (file.stat().st_mode & 0o777) == 0o600
    unpacked = subprocess.run(["tar", "--zstd", "-xOf", file, "parts/document.json"], check=True, capture_output=True).stdout
    assert unpacked == part(api, snapshot).data
    said = there.cli("snapshot", "verify", file, check=0).stdout
    assert "is whole" in said and "do not know" in said
    taken = there.cli("snapshot", "import", file, check=0)
    assert "do not know" in taken.stderr
    made = taken.stdout.strip()
    assert part(there.api(), {"id": made}).data == unpacked
    assert there.api().get(f"/v1/snapshots/{made}")["snapshot"]["manifest"] == snapshot["manifest"]
    assert "is as it was made" in there.cli("snapshot", "verify", "Plan", check=0).stdout
    # Whom a person has checked is named; the same installation signs with the same key after a restart, and a rotation.
    key = json.loads(there.cli("snapshot", "verify", file, "--json", check=0).stdout)["signer"]
    (there.home / "known_signers").write_text(f"{key} office\n")
    here.stop()
    here.cli("secret", "rotate", check=0)
    here.start()
    again = tmp_path / "again.berth"
    here.cli("snapshot", "export", snapshot["id"], "-o", again, check=0)
    assert "office" in there.cli("snapshot", "import", "-", "--title", "Again", stdin=again.open(), check=0).stderr
    assert here.cli("snapshot", "export", "Nine", "-o", tmp_path / "none").returncode == 3 and not (tmp_path / "none").exists()
    copied = there.cli("snapshot", "open", made, "--copy", "Here", check=0).stdout.strip()
    assert there.api().get(f"/v1/sessions/{copied}/document")["n"] == 1


def test_bundles_that_are_refused_leave_nothing(own, tmp_path):
    server = own(template=False, config="snapshots:\n  bytes: 4MiB\n")
    api = server.api()
    (tmp_path / "other").mkdir()
    signer, other = Signer(tmp_path), Signer(tmp_path / "other")
    good = [("document.json", b'{"n":1}'), ("logs/usage.jsonl", b"{}\n")]
    whole = bundle(signer, good)
    taken = api.call("POST", "/v1/bundles", data=whole, headers={"Content-Type": "application/zstd"}, expect=201).json
    assert taken["signer"] == {"key": signer.public, "name": "elsewhere"} and taken["snapshot"]["title"] == "Foreign"
    before = sorted(path.name for path in (server.home / "snapshots").iterdir())
    outside = [("../../outside", b"x")]
    zeros = [("zeros", bytes(64 << 20))]
    hostile = {
        "a path outside": bundle(signer, outside),
        "a path outside, in its member alone": bundle(signer, good[:1], members=member("parts/../../outside", good[0][1])),
        "an absolute path": bundle(signer, [("/etc/passwd", b"x")]),
        "a link outside": bundle(signer, good[:1], members=member("parts/document.json", b"", kind=b"2", link=b"/etc/passwd")),
        "a hard link": bundle(signer, good[:1], members=member("parts/document.json", b"", kind=b"1", link=b"/etc/passwd")),
        "a bomb": bundle(signer, zeros),
        "another's signature": bundle(signer, good, signature=other.sign(manifest(signer, good))),
        "no signature": bundle(signer, good, signature=bytes(64)),
        "a changed part": bundle(signer, good, members=member("parts/document.json", b'{"n":2}') + member("parts/logs/usage.jsonl", b"{}\n")),
        "a part too many": bundle(signer, good[:1], members=b"".join(member("parts/" + name, data) for name, data in good)),
        "a part too few": bundle(signer, good, members=member("parts/document.json", good[0][1])),
        "a part twice": bundle(signer, [good[0], good[0]]),
        "something behind it": whole + b"x",
        "no bundle": b"PK\x03\x04" + bytes(1000),
        "nothing": b"",
    }
    generator = random.Random(SEED)
    for at in sorted(generator.sample(range(1, len(whole)), 12)):
        hostile[f"cut off at {at} of {len(whole)}"] = whole[:at]
    for what, data in hostile.items():
        answer = api.call("POST", "/v1/bundles", data=data, headers={"Content-Type": "application/zstd"})
        assert answer.status in (400, 413), f"{what}: {answer.status} {answer.data[:300]} (seed {SEED})"
        assert answer.problem["detail"], what
        assert sorted(path.name for path in (server.home / "snapshots").iterdir()) == before, f"{what} left something"
        (tmp_path / "bad.berth").write_bytes(data)
        if what != "a bomb":  # the limit is the server's
            assert server.cli("snapshot", "verify", tmp_path / "bad.berth").returncode != 0, what
    assert len(api.get("/v1/snapshots")["items"]) == 1
    assert not (server.home / "outside").exists() and not (server.home.parent / "outside").exists()
    # A stranger's words about itself that no snapshot may have are left out.
    odd = bundle(signer, good, about={"title": "x\u001b[31m", "tags": ["a", 1], "description": "y" * 1000})
    row = api.call("POST", "/v1/bundles", data=odd, headers={"Content-Type": "application/zstd"}, expect=201).json["snapshot"]
    assert (row["title"], row["description"]) == ("Imported snapshot", "")


def test_nothing_half_made_is_left_by_kill_9(own):
    """Killed at random moments of captures and imports: what was answered is there and whole, and nothing else is."""
    generator = random.Random(SEED)
    server = own(template=False, config="snapshots:\n  stored: 10000\n")
    session = session_of(server.api(), {"fill": os.urandom(200_000).hex()})
    for i in range(30):
        server.api().post(f"/v1/sessions/{session['id']}/logs/usage", {"id": str(i), "entry": {"fill": "x" * 5000}})
    known = snapshot_of(server.api(), session)
    export = server.api().call("GET", path_of(known, "/bundle"), expect=200).data
    answered = {known["id"]}
    for _ in range(6):
        stop = threading.Event()

        def capture(api=server.api(), stop=stop):
            while not stop.is_set():
                try:
                    if generator.random() < 0.5:
                        answered.add(api.call("POST", "/v1/snapshots", {"session": session["id"]}, expect=201).json["id"])
                    else:
                        answered.add(api.call("POST", "/v1/bundles", data=export, expect=201).json["snapshot"]["id"])
                except (OSError, AssertionError, ValueError, http.client.HTTPException):
                    return
        threads = [threading.Thread(target=capture) for _ in range(3)]
        for thread in threads:
            thread.start()
        wanted = len(answered) + generator.randrange(1, 8)
        eventually(lambda wanted=wanted: len(answered) >= wanted, 60, "some snapshots")
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server.start()
        rows = server.api().all("/v1/snapshots?limit=100")
        assert {row["state"] for row in rows} == {"ready"}, f"seed {SEED}"
        ids = {row["id"] for row in rows}
        assert answered <= ids, f"seed {SEED}: answered and lost: {answered - ids}"
        assert {path.name for path in (server.home / "snapshots").iterdir()} == ids, f"seed {SEED}"
    for row in generator.sample(rows, min(len(rows), 10)):
        act(server.api(), row, "verify")


def test_a_damaged_snapshot_is_told_and_kept(own):
    server = own(template=False)
    api = server.api()
    session = session_of(api)
    bad, good = snapshot_of(api, session), snapshot_of(api, session)
    file = server.home / "snapshots" / bad["id"] / "manifest"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    answer = api.call("GET", path_of(bad))
    assert (answer.status, answer.problem["code"]) == (500, "record_damaged")
    assert "damaged" in server.cli("snapshot", "ls", check=0).stdout
    assert part(api, good).data == b'{"n":1}'
    data[-1] ^= 1
    file.write_bytes(data)
    assert act(api, bad, "verify")["state"] == "ready", "a repaired one is one again"


def test_changes_are_told_and_recorded(people):
    server, ada, bob = people
    snapshot = snapshot_of(ada, session_of(ada))
    ada.post(path_of(snapshot, "/share"), {"visibility": "link"})
    act(bob, snapshot, "visits")
    ada.call("DELETE", path_of(snapshot), expect=204)
    answer = ada.call("GET", "/v1/events?topics=snapshots&follow=false&after=0", expect=200)
    told = [json.loads(line[6:]) for line in answer.data.decode().splitlines() if line.startswith("data: ")]
    assert [event["type"] for event in told] == ["snapshot.begun", "snapshot.created", "snapshot.shared", "snapshot.visited", "snapshot.removed"]
    assert told[3]["data"]["by"] == "bob" and told[1]["data"]["snapshot"] == snapshot["id"]
    metrics = server.api().call("GET", "/metrics").data.decode()
    assert re.search(r'action="share_snapshot"', metrics)


def test_limits_and_repeated_requests(own):
    server = own(template=False, config="snapshots:\n  stored: 3\n")
    api = server.api()
    session = session_of(api)
    once = {"Idempotency-Key": "one"}
    first = api.call("POST", "/v1/snapshots", {"session": session["id"]}, headers=once, expect=201)
    assert api.call("POST", "/v1/snapshots", {"session": session["id"]}, headers=once, expect=201).json["id"] == first.json["id"]
    assert api.call("POST", "/v1/snapshots", {"session": session["id"], "title": "Other"}, headers=once).problem["status"] == 409
    snapshot_of(api, session)
    assert "3 of 3" in api.call("POST", "/v1/snapshots", {"session": session["id"]}, expect=201).headers["x-berth-warning"]
    assert api.call("POST", "/v1/snapshots", {"session": session["id"]}).problem["code"] == "resource_exhausted"
    for wrong in ({}, {"session": session["id"], "title": "x" * 51}, {"session": session["id"], "title": "\u0007"},
                  {"session": session["id"], "leave_out": ["../x"]}, {"session": session["id"], "more": 1}):
        assert api.call("POST", "/v1/snapshots", wrong).problem["status"] == 400, wrong
    for none in ("ses_00000000000000000000000000", "x"):
        assert api.call("POST", "/v1/snapshots", {"session": none}).problem["status"] == 404
    assert "no snapshots yet" in cli(own(template=False).home, "snapshot", "ls", check=0).stderr
    assert len(listed(server.cli("snapshot", "ls", "--json", "--sort", "title", check=0))) == 3
    server.stop()
    lost = cli(server.home, "snapshot", "ls", env={"BERTH_URL": "http://127.0.0.1:1"})
    assert lost.returncode != 0 and "no snapshots" not in lost.stderr, "none yet is told from cannot be read"
    server.start()
