"""Backups: all of a home while everybody writes, checked, and a home again somewhere else."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import threading
import time

import pytest
from kit import BIN, SEED, SLOW, Server, clean_up, cli, eventually, listed, new_home
from person import Person
from sessions_test import PATCH, change, create, document

WORDS = "correct horse battery\n"


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words"
    path.write_text(WORDS)
    path.chmod(0o644)
    return path


@pytest.fixture
def elsewhere():
    """Homes that do not exist yet, and servers of them, cleaned up."""
    servers = []

    def make(home=None, **kwargs):
        if home is None:
            home = new_home()
            home.rmdir()
        servers.append(Server(home, **kwargs))
        return servers[-1]

    yield make
    left = [problem for server in servers if server.home.exists() for problem in clean_up(server)]
    assert left == []


class Writers:
    """Sessions that are changed without pause; every acknowledged version with its bytes."""

    def __init__(self, server, count):
        self.api = server.api()
        self.sessions = [create(self.api, f"Plan {i}", {"n": 0}) for i in range(count)]
        self.acknowledged = {session["id"]: {1: b'{"n":0}'} for session in self.sessions}
        self.stopped = False
        self.threads = [threading.Thread(target=self.write, args=(session,), daemon=True) for session in self.sessions]
        for thread in self.threads:
            thread.start()

    def write(self, session):
        version, chance = 1, random.Random(f"{SEED} {session['id']}")
        while not self.stopped:
            text = chance.randbytes(chance.randrange(1, 2000)).hex()
            body = [{"op": "add", "path": "/n", "value": version}, {"op": "add", "path": "/text", "value": text}]
            answer = change(self.api, "PATCH", f"/v1/sessions/{session['id']}/document", version, body, PATCH)
            assert answer.status == 200, answer.data
            version += 1
            self.acknowledged[session["id"]][version] = json.dumps({"n": version - 1, "text": text}, separators=(",", ":")).encode()

    def newest(self):
        return {id: max(versions) for id, versions in self.acknowledged.items()}

    def stop(self):
        self.stopped = True
        for thread in self.threads:
            thread.join()


def output(api, terminal):
    return b"".join(data for _, data in api.output(terminal))


def test_a_backup_while_everybody_writes_is_a_home_elsewhere(own, elsewhere, words, tmp_path):
    server = own(config="sessions:\n  active: 1000\n  stored: 1000\n")
    api = server.api()
    box = api.sandbox("container", name="box")
    api.put(box, "/workspace/notes", b"kept\n")
    ended = api.terminal(box, "sh", "-c", "seq 1 20000", name="ended")
    eventually(lambda: not api.get(f"/v1/terminals/{ended['id']}")["running"], 60, "its end")
    loud = api.terminal(box, "sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; [ $((i % 100)) != 0 ] || sleep 0.05; done", name="loud")
    api.call("POST", "/v1/users", {"name": "ada", "role": "member"}, expect=201)
    log = create(api, "Talk")
    for i in range(50):
        api.post(f"/v1/sessions/{log['id']}/logs/prompts", {"id": str(i), "entry": {"text": f"{i}"}})
    writers = Writers(server, 6)
    eventually(lambda: min(writers.newest().values()) > 5, 60, "some versions")
    file = tmp_path / "all.backup"
    before = writers.newest()
    made = json.loads(server.cli("backup", "create", "--json", "--passphrase-file", words, file, check=0, timeout=300).stdout)
    after = writers.newest()
    writers.stop()
    assert file.stat().st_mode & 0o777 == 0o600 and made["unreadable"] == 0 and file.stat().st_size == made["file_bytes"]
    assert {"secrets", "berth.db", "terminals", "sandboxes", "config.yaml"} <= {part["name"] for part in made["parts"]}
    for secret in (server.key.encode(), (server.home / "keys/00000001.key").read_bytes()):
        unpacked = subprocess.run(["tar", "--zstd", "-xOf", file], stdout=subprocess.PIPE, check=True).stdout
        assert secret not in unpacked, "a secret is not sealed"
    seen = json.loads(cli(server.home, "backup", "verify", "--json", "--passphrase-file", words, file, check=0).stdout)
    assert seen["opened"] and seen["parts"] == made["parts"]

    there = elsewhere()
    restored = cli(there.home, "backup", "restore", "--passphrase-file", words, file, check=0)
    assert str(there.home) in restored.stdout and "Start the server" in restored.stderr
    there.start()
    other = there.api()
    for session in writers.sessions:
        described = other.get(f"/v1/sessions/{session['id']}")
        version = described["version"]
        assert before[session["id"]] <= version <= after[session["id"]] + 1, f"seed {SEED}"
        for number in (version, max(1, version - 3), max(1, version - 40)):
            assert document(other, session, f"?version={number}")[1] == writers.acknowledged[session["id"]][number], f"seed {SEED}"
    assert [entry["entry"]["text"] for entry in other.get(f"/v1/sessions/{log['id']}/logs/prompts?limit=100")["items"]] == [str(i) for i in range(50)]
    assert there.key == server.key and there.tcp().get("/v1/info")["home"] == str(there.home)
    assert [user["name"] for user in other.get("/v1/users")["items"]] == ["ada"]
    api.call("POST", f"/v1/terminals/{loud['id']}/close", {}, expect=200)
    whole = output(api, loud)
    assert output(other, ended) == output(api, ended)
    kept = output(other, loud)
    assert len(kept) > 0 and whole.startswith(kept), "the journal of a program that printed is a beginning of what it printed"
    checked = json.loads(there.cli("--json", "journal", "check", check=0).stdout)
    assert {report["whole"] for report in checked} == {True} and {report["torn_bytes"] for report in checked} == {0}
    assert (there.home / f"sandboxes/{box['id']}/workspace/notes").read_bytes() == b"kept\n"
    gone = other.get(f"/v1/sandboxes/{box['id']}")
    assert gone["state"] in ("stopped", "failed"), gone
    assert api.get(f"/v1/sandboxes/{box['id']}")["state"] == "running", "the first home goes on"
    assert api.exec(box, "cat", "/workspace/notes")["stdout"] == "kept\n"
    create(other, "After")


def test_another_user_restores_and_runs_it(own, elsewhere, words, tmp_path):
    server = own(template=False)
    server.cli("session", "new", "Plan", check=0)
    file = tmp_path / "b"
    server.cli("backup", "create", "--passphrase-file", words, file, check=0)
    for path in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        path.chmod(0o755)
    file.chmod(0o644)
    room = new_home()
    os.chown(room, 65534, 65534)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    home = room / "h"
    done = subprocess.run([*as_nobody, BIN / "berth", "--home", home, "backup", "restore", "--passphrase-file", words, file],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 * SLOW)
    assert done.returncode == 0, done.stderr
    assert {path.lstat().st_uid for path in home.rglob("*")} == {65534}
    there = elsewhere(home, wrap=as_nobody)
    there.output.touch()
    there.start()
    assert [row["title"] for row in listed(subprocess.run([*as_nobody, BIN / "berth", "--home", home, "session", "ls", "--json"],
                                                          capture_output=True, text=True, timeout=60 * SLOW))] == ["Plan"]
    there.stop()
    shutil.rmtree(room)


def test_what_is_wrong_is_refused_and_leaves_nothing(own, words, tmp_path):
    server = own(template=False)
    berth = server.cli
    berth("session", "new", "Plan", check=0)
    wrong = tmp_path / "wrong"
    wrong.write_text("something else\n")
    out = tmp_path / "out"
    out.mkdir()
    file, home = out / "b", out / "home"
    assert "no terminal" in berth("backup", "create", file, check=3, start_new_session=True).stderr and not file.exists()
    berth("backup", "create", "--passphrase-file", words, file, check=0)
    assert "there already" in berth("backup", "create", "--passphrase-file", words, file, check=1).stderr
    assert "wrong" in cli(home, "backup", "restore", "--passphrase-file", wrong, file, check=4).stderr
    assert "wrong" in berth("backup", "verify", "--passphrase-file", wrong, file, check=4).stderr
    assert "not tried" in berth("backup", "verify", file, check=0).stderr
    good = file.read_bytes()
    chance = random.Random(SEED)
    bad = out / "bad"
    for damaged in (good[:-1], good[:len(good) // 2], good[:100], b"", good + b"x",
                    *(good[:at] + bytes(byte ^ 0xff for byte in good[at:at + 64]) + good[at + 64:] for at in chance.sample(range(len(good) - 64), 5))):
        bad.write_bytes(damaged)
        for refused in (berth("backup", "verify", bad), cli(home, "backup", "restore", "--passphrase-file", words, bad)):
            assert refused.returncode != 0 and "berth: " in refused.stderr, (SEED, refused)
    bad.unlink()
    assert "no new home" in berth("backup", "restore", "--passphrase-file", words, file).stderr
    assert "nothing in this home" in cli(home, "backup", "create", "--passphrase-file", words, out / "c", check=3).stderr
    assert sorted(path.name for path in out.iterdir()) == ["b"]
    assert [row["title"] for row in listed(berth("session", "ls", "--json", check=0))] == ["Plan"]


def test_a_full_disk_is_said_and_nothing_stays(own, words, tmp_path):
    server = own(template=False)
    (server.home / "sandboxes/sbx_x/workspace").mkdir(parents=True)
    (server.home / "sandboxes/sbx_x/workspace/large").write_bytes(random.Random(SEED).randbytes(3 << 20))
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
    try:
        refused = server.cli("backup", "create", "--passphrase-file", words, small / "b")
        assert refused.returncode != 0 and ("full" in refused.stderr or "space" in refused.stderr), refused.stderr
        assert list(small.iterdir()) == [] and not (server.home / ".backup").exists()
        server.cli("backup", "create", "--passphrase-file", words, tmp_path / "b", check=0)
        refused = cli(small / "home", "backup", "restore", "--passphrase-file", words, tmp_path / "b")
        assert refused.returncode != 0 and ("full" in refused.stderr or "space" in refused.stderr), refused.stderr
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)
    shutil.rmtree(server.home / "sandboxes/sbx_x")


def killed_when(words, begun):
    """Starts `berth WORDS…` and kills it with -9 once begun() holds; whether it was still at work."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
    process = subprocess.Popen([BIN / "berth", *map(str, words)], env=clean, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: begun() or process.poll() is not None, 60, "its beginning")
    process.kill()
    return process.wait() == -9


def test_kill_9_in_the_middle_leaves_nothing(own, words, tmp_path):
    server = own(template=False)
    server.cli("session", "new", "Plan", check=0)
    large = server.home / "sandboxes/sbx_x/workspace/large"
    large.parent.mkdir(parents=True)
    large.write_bytes(random.Random(SEED).randbytes(64 << 20))
    out = tmp_path / "out"
    out.mkdir()
    file, home, scratch = out / "b", out / "home", server.home / ".backup"
    create = ("--home", server.home, "backup", "create", "--passphrase-file", words, file)
    for begun in (lambda: scratch.exists(), lambda: (scratch / "berth.db").exists(), lambda: bool(time.sleep(0.3)) or scratch.exists()):
        if killed_when(create, begun):
            assert list(out.iterdir()) == []
        else:
            file.unlink()
    cli(server.home, *create[2:], check=0)
    assert not scratch.exists(), "what the killed ones left went"
    restore = ("--home", home, "backup", "restore", "--passphrase-file", words, file)
    making = out / "home.restoring"
    for begun in (lambda: making.exists(), lambda: (making / ".berth.db").exists(), lambda: (making / large.relative_to(server.home)).exists()):
        assert killed_when(restore, begun) and not home.exists(), "it is a home when it is whole"
    cli(home, *restore[2:], check=0)
    assert sorted(path.name for path in out.iterdir()) == ["b", "home"]
    assert hashlib.sha256((home / large.relative_to(server.home)).read_bytes()).digest() == hashlib.sha256(large.read_bytes()).digest()
    shutil.rmtree(server.home / "sandboxes/sbx_x")


def test_a_person_is_asked_for_the_passphrase(own, tmp_path):
    server = own(template=False)
    file = tmp_path / "b"
    with Person(server.home, "backup", "create", file) as person:
        for prompt in (b"New passphrase: ", b"again: "):
            person.sees(prompt)
            person.types("correct horse\r")
        person.sees(b"is whole")
        assert person.ends() == 0 and b"horse" not in person.shown
    home = tmp_path / "home"
    with Person(home, "backup", "restore", file) as person:
        person.sees(b"Passphrase of ")
        person.types("correct horse\r")
        person.sees(b"is there")
        assert person.ends() == 0
