"""Hostile programs: each act works outside, and is stopped inside under every isolation."""

import os
import socket
import subprocess

import pytest
from kit import BIN, eventually

HOSTILE = BIN / "berth-hostile"
ACTS = subprocess.run([HOSTILE, "list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
SEPARATE = {"memory_bomb", "fork_bomb"}  # they may end the sandbox: each gets one of its own
REACHES_ITS_OWN_SANDBOX_ONLY = {("init_channel", "gvisor")}  # decision 0005, hostile_frames_test.py


@pytest.fixture(scope="module")
def victim():
    """A process of the host, a file, a port and a unix socket of it: what an attacker would like to reach."""
    process = subprocess.Popen(["sleep", "600"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    canary = f"/tmp/berth-canary-{os.getpid()}"
    with open(canary, "w") as file:
        file.write("host")
    os.chmod(canary, 0o644)
    listener = socket.create_server(("127.0.0.1", 0))
    path = canary + ".sock"
    local = socket.socket(socket.AF_UNIX)
    local.bind(path)
    os.chmod(path, 0o777)
    local.listen()
    yield {"ptrace": str(process.pid), "signal": str(process.pid), "read_host": canary, "unix_socket": path,
           "connect": str(listener.getsockname()[1]), "init_channel": str(process.pid), "init_memory": str(process.pid)}
    process.kill()
    process.wait()
    listener.close()
    local.close()
    os.unlink(canary)
    os.unlink(path)


def arguments(act, victim, inside):
    if inside and act in ("init_channel", "init_memory"):
        return [act, "1"]
    return [act] + ([victim[act]] if act in victim else [])


@pytest.mark.parametrize("act", ACTS)
def test_each_act_works_outside(act, victim):
    done = subprocess.run(["unshare", "-m", HOSTILE, *arguments(act, victim, False)], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0 and done.stdout.startswith("done: "), done.stdout


def plant(api, sandbox):
    api.put(sandbox, "/workspace/berth-hostile", HOSTILE.read_bytes(), mode="0755")


def test_each_act_is_stopped_inside(api, isolation, victim):
    sandbox = api.sandbox(isolation)
    plant(api, sandbox)
    worked = {}
    for act in ACTS:
        if act in SEPARATE or (act, isolation) in REACHES_ITS_OWN_SANDBOX_ONLY:
            continue
        answer = api.exec(sandbox, "/workspace/berth-hostile", *arguments(act, victim, True))
        if answer["exit_code"] == 0 or not answer["stdout"].startswith("stopped: "):
            worked[act] = (answer["exit_code"], answer["stdout"], answer["stderr"])
    assert worked == {}
    assert api.exec(sandbox, "true")["exit_code"] == 0, "the sandbox did not stay whole"
    api.remove(sandbox)


@pytest.mark.parametrize("act", sorted(SEPARATE))
def test_bombs_hurt_nobody_else(api, isolation, act):
    other = api.sandbox(isolation)
    sandbox = api.sandbox(isolation, limits={"memory_bytes": 256 << 20, "processes": 128})
    plant(api, sandbox)
    path = f"/v1/sandboxes/{sandbox['id']}/exec"
    answer = api.call("POST", path, {"argv": ["/workspace/berth-hostile", act], "timeout_ms": 60000})
    if answer.status == 200:
        body = answer.json
        assert body["exit_code"] != 0 and "done: " not in body["stdout"], body
    else:  # the bomb took its own sandbox with it: that is said, with the reason
        assert answer.status in (409, 503), answer.data
        state = eventually(lambda: (s := api.get(f"/v1/sandboxes/{sandbox['id']}"))["state"] == "failed" and s)
        assert state["reason_code"], state
    assert api.exec(other, "true")["exit_code"] == 0
    api.remove(sandbox)
    api.remove(other)


def test_file_calls_never_leave_the_sandbox(api, isolation, victim):
    sandbox = api.sandbox(isolation)
    canary = victim["read_host"]
    assert open(canary).read() == "host", "outside, the file is there to be read"
    api.exec(sandbox, "ln", "-s", canary, "/workspace/absolute")
    api.exec(sandbox, "ln", "-s", "../../../../../../.." + canary, "/workspace/relative")
    api.exec(sandbox, "ln", "-s", "/proc/self/root" + canary, "/workspace/magic")
    api.exec(sandbox, "ln", "-s", "/", "/workspace/root")
    files = f"/v1/sandboxes/{sandbox['id']}/files"
    for path in (canary, "/workspace/absolute", "/workspace/relative", "/workspace/magic", "/workspace/../../.." + canary,
                 "/workspace/root" + canary, "/proc/1/root" + canary, "../../../../.." + canary):
        answer = api.call("GET", f"{files}?path={path}")
        # once the sandbox has a file of that name it is its own that is read
        assert answer.status in (400, 403, 404) or answer.data == b"inside", (path, answer.status, answer.data)
        assert api.call("PUT", f"{files}?path={path}", data=b"inside").status in (204, 400, 403, 404), path
    assert open(canary).read() == "host", "a write went through to the host"
    api.call("DELETE", f"{files}?path=/workspace/root&recursive=true")
    api.call("DELETE", f"{files}?path=/workspace/absolute&recursive=true")
    assert open(canary).read() == "host", "a removal followed a link to the host"
    api.remove(sandbox)


def test_a_file_call_with_nul_is_refused(api, isolation):
    sandbox = api.sandbox(isolation)
    assert api.call("GET", f"/v1/sandboxes/{sandbox['id']}/files?path=/etc/passwd%00.txt").problem["code"] == "invalid_argument"
    api.remove(sandbox)
