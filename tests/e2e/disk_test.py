"""A full disk: said clearly, what was written is kept, and service goes on when there is space again."""

import os
import subprocess

import pytest
from kit import Server, clean_up, eventually, new_home


@pytest.fixture
def small():
    """A server whose journals are on a disk of 4 MiB; images and the rest are on another."""
    home = new_home()
    journals = home / "terminals"
    journals.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", journals], check=True)
    server = Server(home)
    try:
        server.start().api().post("/v1/templates/busybox/build")
        yield server
        for sandbox in server.api().all("/v1/sandboxes"):
            server.api().remove(sandbox)
        server.stop()
    finally:
        subprocess.run(["umount", "--lazy", journals], check=True)
    assert clean_up(server) == []


def free(path):
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize


def test_disk_full_while_a_journal_is_written(small, isolation):
    api = small.api()
    made = api.sandbox(isolation)
    whole = b"".join(b"%d\n" % i for i in range(1, 1_000_001))
    terminal = api.terminal(made, "sh", "-c", "stty raw; seq 1 1000000")
    path = f"/v1/terminals/{terminal['id']}"
    log = small.home / "log/server.log"
    eventually(lambda: "journal not written" in log.read_text(), 60, "a word about the disk")
    kept = b"".join(data for _, data in api.output(terminal))
    assert len(kept) > 1_000_000 and kept == whole[:len(kept)], "what was written is whole"
    assert free(small.home / "terminals") < 1 << 20 and api.get(path)["running"]

    other = api.call("POST", f"/v1/sandboxes/{made['id']}/exec", {"argv": ["echo", "x"], "timeout_ms": 2000})
    assert other.status in (200, 507), other.data
    if other.status == 507:
        assert other.problem["code"] == "no_space"

    subprocess.run(["mount", "-o", "remount,size=64m", small.home / "terminals"], check=True)
    eventually(lambda: not api.get(path)["running"], 60, "the end of a program that waited for space")
    assert b"".join(data for _, data in api.output(terminal)) == whole, "the process waited: nothing is missing"
    assert api.exec(made, "echo", "again")["stdout"] == "again\n"
    api.remove(made)


def fill(path):
    with open(path, "wb", buffering=0) as filler:
        for size in (65536, 4096, 512, 1):
            try:
                while filler.write(b"x" * size) == size:
                    pass
            except OSError:
                pass


def test_disk_full_under_the_whole_home_keeps_what_was_stored():
    """The store's own tests inject this at each step; here the whole says 507 and goes on."""
    home = new_home()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", home], check=True)
    server = Server(home)
    try:
        api = server.start().api()
        api.post("/v1/templates/busybox/build")
        made = api.sandbox("container", name="kept")
        fill(home / "filler")
        answer = eventually(lambda: (a := api.call("POST", f"/v1/sandboxes/{made['id']}/exec", {"argv": ["true"]})).status == 507
                            and a, 10, "a refusal")
        assert answer.problem["code"] == "no_space"
        assert api.get("/v1/sandboxes/kept")["state"] == "running"
        os.unlink(home / "filler")
        assert api.exec(made, "echo", "on")["stdout"] == "on\n"
        api.remove(made)
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()
        subprocess.run(["umount", "--lazy", home], check=True)
        os.rmdir(home)
        server.output.unlink(missing_ok=True)
