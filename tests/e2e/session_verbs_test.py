"""`berth session` and `berth secret`: what a person and a script do with sessions, against a real server."""

import json

import pytest
from kit import SEED, cli, listed  # noqa: F401  (the seed is printed with a failure)
from person import Person


@pytest.fixture
def server(own):
    return own(config="sessions:\n  active: 50\n", template=False)


@pytest.fixture
def berth(server):
    return server.cli


def test_a_document_is_opened_edited_and_saved(server, berth, tmp_path):
    assert "no sessions yet" in berth("session", "ls", check=0).stderr
    assert listed(berth("session", "ls", "--json", check=0)) == []
    made = berth("session", "new", "Plan", "--tag", "work", "--description", "of the day", check=0).stdout.strip()
    assert made.startswith("ses_")
    file = tmp_path / "plan.json"
    berth("session", "open", "plan", "-o", file, check=0)
    assert file.read_text() == "{}\n" and json.loads((tmp_path / "plan.json.berth").read_text()) == {"session": made, "version": 1}
    file.write_text('{"todos": [{"id": "1", "text": "ä"}], "n": 1.0}')
    assert "version 2" in berth("session", "save", file, check=0).stdout
    file.write_text('{"n": 2}')
    assert "version 3" in berth("session", "save", file, check=0).stdout, "the note follows each save"
    other = tmp_path / "other.json"
    berth("session", "open", made, "--at", "2", "-o", other, check=0)
    other.write_text('{"n": 3}')
    stale = berth("session", "save", other)
    assert stale.returncode != 0 and "version 3" in stale.stderr and "by socket with berth command line" in stale.stderr
    assert f"berth session diff {made} 2" in stale.stderr
    assert berth("session", "save", other, "--from", "3", "--json", check=0).stdout.count('"version":4') == 1
    assert berth("session", "open", "Plan", check=0).stdout == '{"n":3}\n'
    assert berth("session", "save", "-", "--session", "Plan", "--from", "4", input='{"n":4}', check=0).stdout == "Saved as version 5.\n"
    assert berth("session", "save", "-", "--session", "Plan", input="{}").returncode != 0
    assert berth("session", "save", "-", input="{}").returncode != 0
    assert [json.loads(line)["op"] for line in berth("session", "diff", "Plan", "2", check=0).stdout.splitlines()] == ["remove", "replace"]
    assert "Version 6 is version 2 again" in berth("session", "restore", "Plan", "2", check=0).stdout
    history = listed(berth("session", "history", "Plan", "--json", check=0))
    assert [row["what"] for row in history][:2] == ["restored 2", "replaced"] and history[1]["client"] == "berth command line"
    assert "restored 2" in berth("session", "history", "Plan", check=0).stdout


def test_the_life_of_sessions(server, berth):
    for title in ("One", "Two", "two"):
        berth("session", "new", title, check=0)
    assert json.loads(berth("session", "show", "two", "--json", check=0).stdout)["title"] == "two", "as it was typed"
    assert berth("session", "show", "TWO").returncode != 0 and "Several" in berth("session", "show", "TWO").stderr
    assert berth("session", "show", "Nine").returncode == 3
    berth("session", "rename", "One", "First", "--description", "x", check=0)
    berth("session", "tag", "First", "a", "b", check=0)
    shown = berth("session", "show", "First", check=0).stdout
    assert "a, b" in shown and "active" in shown and "version      3" in shown
    berth("session", "tag", "First", check=0)
    assert json.loads(berth("session", "show", "First", "--json", check=0).stdout)["tags"] == []
    copied = berth("session", "copy", "First", "Copy", check=0).stdout.strip()
    berth("session", "close", "First", copied, check=0)
    assert berth("session", "close", "First").returncode != 0
    assert [row["title"] for row in listed(berth("session", "ls", "--state", "closed", "--sort", "title", "--json", check=0))] == ["Copy", "First"]
    assert "No session is like that" in berth("session", "ls", "--tag", "nobody", check=0).stderr
    table = berth("session", "ls", "--sort", "title", check=0).stdout
    assert table.splitlines()[0].split() == ["ID", "TITLE", "STATE", "VERSION", "SIZE", "UPDATED", "TAGS"] and len(table.splitlines()) == 5
    berth("session", "resume", copied, check=0)
    would = berth("session", "clean", "--keep", "0", "--dry-run", check=0)
    assert "First" in would.stdout and "1 closed session would go" in would.stderr
    assert listed(berth("session", "clean", "--older", "90d", "--json", check=0)) == []
    assert berth("session", "clean").returncode == 3 and berth("session", "clean", "--older", "90m").returncode == 3
    assert "is gone" in berth("session", "clean", "--keep", "0", check=0).stderr
    berth("session", "rm", "Copy", check=0)
    assert [row["title"] for row in listed(berth("session", "ls", "--sort", "title", "--json", check=0))] == ["Two", "two"]
    session = listed(berth("session", "ls", "--json", check=0))[0]["id"]
    server.api().post(f"/v1/sessions/{session}/logs/conversation", {"id": "1", "entry": {"role": "user", "content": "hello\x1b[2J"}})
    assert "hello" in berth("session", "log", session, check=0).stdout and "\x1b" not in berth("session", "log", session).stdout
    assert "nothing" in berth("session", "log", session, "--log", "usage", check=0).stderr


def test_a_list_that_cannot_be_read_is_no_empty_one(server, berth):
    berth("session", "new", "Plan", check=0)
    server.kill()
    (server.home / "keys/00000001.key").rename(server.home / "key")
    server.launch()
    assert server.process.wait(60) != 0
    assert "sealed with it" in server.said() and "berth secret import" in server.said()
    refused = berth("session", "ls")
    assert refused.returncode != 0 and refused.stdout == "" and "no sessions yet" not in refused.stderr
    assert not list((server.home / "keys").glob("*.key")), "a key that records need is not made anew"
    (server.home / "key").rename(server.home / "keys/00000001.key")
    server.start()
    assert [row["title"] for row in listed(berth("session", "ls", "--json", check=0))] == ["Plan"]


def test_the_machines_keys_go_to_another_disk_and_come_back(server, berth, tmp_path):
    berth("session", "new", "Plan", check=0)
    ids = listed(berth("secret", "show-id", "--json", check=0))
    assert [key["number"] for key in ids] == [1] and ids[0]["fingerprint"] in berth("secret", "show-id", check=0).stdout
    file = tmp_path / "keys"
    berth("secret", "export", file, check=0)
    assert file.stat().st_mode & 0o777 == 0o600
    assert berth("secret", "export", file).returncode != 0, "an export never replaces a file"
    assert "Key 2" in berth("secret", "rotate", check=0).stdout
    server.stop()
    for key in (server.home / "keys").glob("*.key"):
        key.unlink()
    assert "1 key was added" in berth("secret", "import", file, check=0).stdout
    assert [key["fingerprint"] for key in listed(berth("secret", "show-id", "--json", check=0))] == [ids[0]["fingerprint"]]
    server.start()
    assert berth("session", "open", "Plan", check=0).stdout == "{}\n"
    damaged = tmp_path / "damaged"
    damaged.write_text(file.read_text().replace("1 ", "2 ", 1))
    assert berth("secret", "import", damaged).returncode == 3
    assert berth("secret", "import", tmp_path / "none").returncode == 3


def test_exported_keys_are_sealed_with_a_passphrase(server, berth, tmp_path):
    berth("session", "new", "Plan", check=0)
    words, wrong, short = tmp_path / "words", tmp_path / "wrong", tmp_path / "short"
    words.write_text("correct horse battery\nnot this line\n")
    wrong.write_text("correct horse")
    short.write_text("1234567\n")
    file = tmp_path / "keys"
    key = (server.home / "keys/00000001.key").read_bytes()
    assert berth("secret", "export", file, "--passphrase-file", short).returncode == 3 and not file.exists()
    assert berth("secret", "export", file, "--passphrase", start_new_session=True).returncode == 3 and not file.exists(), "nobody is there to ask"
    berth("secret", "export", file, "--passphrase-file", words, check=0)
    assert file.stat().st_mode & 0o777 == 0o600
    assert key not in file.read_bytes() and key.hex().encode() not in file.read_bytes()
    server.stop()
    (server.home / "keys/00000001.key").unlink()
    assert "no terminal" in berth("secret", "import", file, check=3, start_new_session=True).stderr
    assert "wrong" in berth("secret", "import", file, "--passphrase-file", wrong, check=4).stderr
    damaged = tmp_path / "damaged"
    damaged.write_bytes(file.read_bytes()[:-1])
    assert berth("secret", "import", damaged, "--passphrase-file", words).returncode != 0
    greedy = tmp_path / "greedy"
    greedy.write_bytes(file.read_bytes()[:16] + b"\xff\xff\xff\xff" + file.read_bytes()[20:])
    assert "more work or memory" in berth("secret", "import", greedy, "--passphrase-file", words, check=3).stderr
    assert not list((server.home / "keys").glob("*.key"))
    assert json.loads(berth("secret", "import", file, "--passphrase-file", "-", "--json", check=0,
                            input=words.read_text()).stdout) == {"added": 1}
    assert (server.home / "keys/00000001.key").read_bytes() == key
    server.start()
    assert berth("session", "open", "Plan", check=0).stdout == "{}\n"


def test_a_person_types_a_passphrase_unseen(server, tmp_path):
    server.cli("session", "new", "Plan", check=0)
    file, other = tmp_path / "keys", tmp_path / "other"
    with Person(server.home, "secret", "export", "--passphrase", other) as person:
        person.sees(b"New passphrase: ")
        person.types("correct horse\r")
        person.sees(b"again: ")
        person.types("correct house\r")
        person.sees(b"not the same")
        assert person.ends() == 3 and not other.exists() and b"horse" not in person.shown
    with Person(server.home, "secret", "export", "--passphrase", other) as person:
        person.sees(b"New passphrase: ")
        person.types("\x03")
        assert person.ends() != 0 and person.is_restored() and not other.exists()
    with Person(server.home, "secret", "export", "--passphrase", file) as person:
        for prompt in (b"New passphrase: ", b"again: "):
            person.sees(prompt)
            person.types("correct hors\x7fse\r")
        assert person.ends() == 0 and b"horse" not in person.shown and person.is_restored()
    with Person(server.home, "secret", "import", file) as person:
        person.sees(b"Passphrase of ")
        person.types("correct horse\r")
        person.sees(b"0 keys were added")
        assert person.ends() == 0
