"""The main job: run a command in a sandbox, and remember it."""

import os

import pytest
from kit import SLOW, cli, listed
from traces import sandbox_traces, traces


def rows(home, *words):
    return listed(cli(home, "history", "--json", *words, check=0))


def test_run_prints_and_ends_as_the_command_and_history_has_it(home, isolation):
    cli(home, "template", "build", "busybox", check=0)
    done = cli(home, "run", "--template", "busybox", "--isolation", isolation, "--name", "first", "--",
               "sh", "-c", "echo hello; exit 7", check=7)
    assert done.stdout == "hello\n"
    row = rows(home)[0]
    assert row["exit_code"] == 7 and row["state"] == "done", row
    assert row["text"] and "echo hello" in row["text"], row
    assert row["duration_ns"] > 0 and row["output_end"] - row["output_begin"] == len("hello\n"), row
    items = listed(cli(home, "ls", "--all", "--json", check=0))
    assert [(item["name"], item["state"], item["isolation"]) for item in items] == [("first", "running", isolation)]


def test_rm_leaves_nothing_but_the_history(home, isolation):
    cli(home, "template", "build", "busybox", check=0)
    done = cli(home, "run", "--template", "busybox", "--isolation", isolation, "--rm", "--", "sh", "-c", "echo gone", check=0)
    assert done.stdout == "gone\n"
    assert listed(cli(home, "ls", "--all", "--json", check=0)) == []
    row = rows(home)[0]
    assert row["exit_code"] == 0 and sandbox_traces(home, row["sandbox"]) == []
    assert [path.name for path in (home / "sandboxes").iterdir()] == []


@pytest.mark.parametrize("argv, code", [
    (["no-such-program"], 127), (["/etc/passwd"], 126), (["sh", "-c", "kill -9 $$"], 137), (["sh", "-c", "exit 255"], 255)])
def test_exit_codes_are_a_shells(server, argv, code):
    done = server.cli("run", "--template", "busybox", "--isolation", "container", "--rm", "--", *argv)
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize("argv, code", [(["no-such-program"], 127), (["/etc/passwd"], 126)])
def test_exec_of_what_cannot_run(api, sandbox, argv, code):
    answer = api.exec(sandbox, *argv)
    assert answer["exit_code"] == code and answer["signal"] is None and answer["stdout"] == "", answer


def test_exec_gives_both_streams_input_environment_and_directory(api, sandbox):
    answer = api.exec(sandbox, "sh", "-c", 'cat; echo "$WORD" >&2; pwd; exit 3', input="in\n", env={"WORD": "out"}, cwd="/tmp")
    assert (answer["stdout"], answer["stderr"], answer["exit_code"]) == ("in\n/tmp\n", "out\n", 3)
    assert answer["timed_out"] is False and answer["truncated"] is False and answer["duration_ns"] > 0


def test_exec_of_bytes_that_are_no_text(api, sandbox):
    import base64
    answer = api.exec(sandbox, "printf", r"a\377\000b")
    assert answer["stdout"] == "a\ufffd\0b"
    assert base64.b64decode(answer["stdout_base64"]) == b"a\xff\0b" and "stderr_base64" not in answer


def test_exec_ends_at_its_timeout(api, sandbox):
    answer = api.exec(sandbox, "sh", "-c", "echo begun; exec sleep 1000", timeout_ms=int(1500 * SLOW))  # time to begin in, too
    assert answer["timed_out"] is True and answer["stdout"] == "begun\n" and answer["exit_code"] > 128, answer


def test_a_command_runs_as_an_ordinary_user_in_the_workspace(api, sandbox):
    answer = api.exec(sandbox, "sh", "-c", "id -u; pwd; echo x > made && cat made; hostname")
    lines = answer["stdout"].split("\n")
    assert lines[:3] == ["1000", "/workspace", "x"], answer


def test_everything_of_a_home_is_private(home):
    """Files 0600 and directories 0700 from creation, though the umask is 0; sandboxes' own files apart."""
    cli(home, "template", "build", "busybox", check=0)
    cli(home, "run", "--template", "busybox", "--isolation", "container", "--name", "x", "--", "true", check=0)
    wrong = []
    for path, directories, files in os.walk(home):
        parts = os.path.relpath(path, home).split("/")
        if parts[0] == "images" or (parts[0] == "sandboxes" and len(parts) > 2):
            directories.clear()
            continue
        for name in [*directories, *files]:
            mode = os.lstat(os.path.join(path, name)).st_mode & 0o077
            if mode and not os.path.islink(os.path.join(path, name)) and parts[0] != "images":
                wrong.append(f"{path}/{name}: {oct(mode)}")
    wrong = [line for line in wrong if "/images/" not in line and "/upper" not in line and "/workspace" not in line
             and "/work" not in line and "/root" not in line and "/rootfs" not in line]
    assert wrong == [] and os.stat(home).st_mode & 0o077 == 0


def test_stopping_the_server_leaves_the_sandbox_and_removing_it_leaves_nothing(own, isolation):
    server = own()
    made = server.api().sandbox(isolation)
    assert server.stop() == 0
    assert sandbox_traces(server.home, made["id"]) != []
    server.start()
    assert server.api().get(f"/v1/sandboxes/{made['id']}")["state"] == "running"
    assert server.api().exec(made, "echo", "again")["stdout"] == "again\n"
    server.api().remove(made)
    assert server.api().call("GET", f"/v1/sandboxes/{made['id']}").status == 404
    assert sandbox_traces(server.home, made["id"]) == []
    assert server.stop() == 0
    assert traces(server.home) == []
