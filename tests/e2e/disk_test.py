"""A full disk: said clearly, what was written is kept, and service goes on when there is space again."""

import os
import subprocess

import pytest
from kit import Server, clean_up, eventually, new_home


@pytest.fixture
def small():
    """A server whose journals are on a disk of 8 MiB; images and the rest are on another."""
    home = new_home()
    journals = home / "terminals"
    journals.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", journals], check=True)
    server = Server(home).start()
    server.api().post("/v1/templates/busybox/build")
    yield server
    for sandbox in server.api().all("/v1/sandboxes"):
        server.api().remove(sandbox)
    server.stop()
    subprocess.run(["umount", journals], check=True)
    assert clean_up(server) == []


def test_disk_full_while_a_journal_is_written(small, isolation):
    api = small.api()
    made = api.sandbox(isolation)
    terminal = api.terminal(made, "sh", "-c", "stty raw; seq 1 100000000")
    journals = small.home / "terminals"
    eventually(lambda: os.statvfs(journals).f_bavail == 0, 60, "a full disk")
    path = f"/v1/terminals/{terminal['id']}"

    def said():
        row = api.get(f"/v1/sandboxes/{made['id']}")
        return "space" in (row["reason"] or "") or "space" in small.api().call("GET", "/metrics").data.decode()

    eventually(said, 20, "a word about the disk")
    kept = b"".join(data for _, data in api.output(terminal))
    assert len(kept) > 1_000_000
    numbers = kept.split(b"\n")[:-1]
    assert numbers == [str(i).encode() for i in range(1, len(numbers) + 1)], "what was written is whole"

    filler = journals / "filler"
    assert not filler.exists()
    other = api.call("POST", f"/v1/sandboxes/{made['id']}/exec", {"argv": ["echo", "x"]})
    assert other.status in (200, 507), other.data
    if other.status == 507:
        assert other.problem["code"] == "no_space"

    subprocess.run(["mount", "-o", "remount,size=64m", journals], check=True)
    end = api.get(path)["end"]
    eventually(lambda: api.get(path)["end"] > end or not api.get(path)["running"], 20, "output after there is space")
    api.call("POST", path + "/signal", {"signal": 9})
    eventually(lambda: not api.get(path)["running"])
    assert api.exec(made, "echo", "again")["stdout"] == "again\n"
    api.remove(made)


def test_disk_full_under_the_database_keeps_what_was_stored(own):
    """Unit tests of the store inject this at each step; here the whole says 507 and goes on."""
    home = new_home()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", home], check=True)
    server = Server(home)
    try:
        server.start()
        api = server.api()
        api.post("/v1/templates/busybox/build")
        made = api.sandbox("container", name="kept")
        with open(home / "filler", "wb") as filler:
            try:
                while True:
                    filler.write(b"x" * 65536)
                    filler.flush()
            except OSError:
                pass
        answers = [api.call("POST", f"/v1/sandboxes/{made['id']}/exec", {"argv": ["true"]}) for _ in range(3)]
        assert {answer.status for answer in answers} <= {200, 507}, [answer.data for answer in answers]
        assert any(answer.status == 507 and answer.problem["code"] == "no_space" for answer in answers)
        assert api.get("/v1/sandboxes/kept")["state"] == "running"
        os.unlink(home / "filler")
        assert api.exec(made, "echo", "on")["stdout"] == "on\n"
        api.remove(made)
    finally:
        code = server.stop()
        subprocess.run(["umount", home], check=True)
        os.rmdir(home)
        server.output.unlink(missing_ok=True)
    assert code == 0
