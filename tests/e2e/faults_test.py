"""Parts are killed: init, shim, runtime, with the server up or down, paused or not. Afterwards nothing is left: no process,
no mount, no cgroup, no directory, and the row says why."""

import json
import os
import random
import signal
import subprocess
import threading

import pytest
from kit import RUNTIMES, SEED, eventually, eventually_none
from traces import processes, processes_with, read, sandbox_traces


def shim_of(server, made):
    return json.loads((server.home / "sandboxes" / made["id"] / "shim.json").read_text())["pid"]


def state(server, made):
    return server.api().get(f"/v1/sandboxes/{made['id']}")


def failed(server, made, reason=None):
    row = eventually(lambda: (row := state(server, made))["state"] in ("failed", "stopped") and row, 30, "the end of the sandbox")
    assert row["state"] == "failed" and row["reason"] and row["reason_code"], row
    assert eventually_none(lambda: sandbox_traces(server.home, made["id"], but=(server.process.pid,))) == []
    return row


def removed(server, made):
    server.api().remove(made)
    assert not (server.home / "sandboxes" / made["id"]).exists()
    assert sandbox_traces(server.home, made["id"]) == []


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
@pytest.mark.parametrize("down", [False, True], ids=["server-up", "server-down"])
def test_a_killed_shim_takes_its_sandbox_with_it(own, isolation, paused, down):
    server = own()
    api = server.api()
    made = api.sandbox(isolation)
    terminal = api.terminal(made, "sh", "-c", "echo written; exec sleep 1000")
    eventually(lambda: b"".join(data for _, data in api.output(terminal)) == b"written\r\n")
    if paused:
        assert api.post(f"/v1/sandboxes/{made['id']}/pause")["state"] == "paused"
    if down:
        server.kill()
    os.kill(shim_of(server, made), signal.SIGKILL)
    if down:
        server.start()
    failed(server, made)
    assert b"".join(data for _, data in server.api().output(terminal)) == b"written\r\n", "the journal stays readable"
    row = server.api().get(f"/v1/terminals/{terminal['id']}")
    assert row["running"] is False
    removed(server, made)


def init_of(made):
    """The sandbox's first process as the host sees it: of its cgroup, the one that runs as pid 1 of its namespace."""
    for pid in processes():
        status = read(f"/proc/{pid}/status").decode(errors="replace")
        inside = [line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")]
        if made["id"].encode() in read(f"/proc/{pid}/cgroup") and inside and len(inside[0]) > 1 and inside[0][-1] == "1":
            return int(pid)
    raise AssertionError("no init found")


def test_a_killed_init_ends_the_sandbox(own):
    server = own()
    made = server.api().sandbox("container")
    server.api().terminal(made, "sleep", "1000")
    os.kill(init_of(made), signal.SIGKILL)
    failed(server, made)
    removed(server, made)


def test_a_program_inside_that_kills_init(own, isolation):
    """SIGKILL means nothing to PID 1 of Linux; what does end it (gVisor's kernel is not Linux) ends the sandbox cleanly."""
    server = own()
    api = server.api()
    for kind in ("KILL", "TERM"):
        made = api.sandbox(isolation)
        answer = api.call("POST", f"/v1/sandboxes/{made['id']}/exec", {"argv": ["sh", "-c", f"kill -{kind} 1; echo still"]})
        if (isolation, kind) == ("container", "KILL"):
            assert answer.json["stdout"] == "still\n" and api.exec(made, "echo", "here")["stdout"] == "here\n"
        else:
            eventually(lambda: state(server, made)["state"] == "failed"
                       or api.call("POST", f"/v1/sandboxes/{made['id']}/exec", {"argv": ["true"]}).status == 200)
            if state(server, made)["state"] == "failed":
                failed(server, made)
        removed(server, made)


def test_a_killed_gvisor_ends_the_sandbox(own):
    server = own()
    made = server.api().sandbox("gvisor")
    victims = [int(line.split()[1].rstrip(":")) for line in processes_with(made["id"], but=(server.process.pid, shim_of(server, made)))
               if "runsc-sandbox" in line or "runsc" in line]
    assert victims
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    failed(server, made)
    removed(server, made)


def kill_runtime(home, runtimes, stop):
    """Kills the first process of a runtime that works for this home."""
    while not stop.is_set():
        for pid in processes():
            arguments = read(f"/proc/{pid}/cmdline")
            name = os.path.basename(arguments.split(b"\0")[0]).decode(errors="replace")
            if str(home).encode() in arguments and any(name.startswith(runtime) for runtime in runtimes):
                try:
                    os.kill(int(pid), signal.SIGKILL)
                    return
                except ProcessLookupError:
                    pass


def test_a_runtime_killed_during_start_leaves_nothing(own, isolation):
    server = own()
    api = server.api()
    for _ in range(3):
        stop = threading.Event()
        killer = threading.Thread(target=kill_runtime, args=(server.home, RUNTIMES[isolation], stop))
        killer.start()
        answer = api.call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": isolation})
        stop.set()
        killer.join()
        if answer.status == 201:  # it was killed after its work was done, or the sandbox died after the answer
            api.remove(answer.json)
        else:
            assert answer.status >= 500 and answer.problem["detail"]
        for row in api.all("/v1/sandboxes"):
            assert row["state"] == "failed" and row["reason"], row
            removed(server, row)
    left = eventually_none(lambda: [line for line in processes_with(str(server.home), but=(server.process.pid,))])
    assert left == []
    assert api.exec(made := api.sandbox(isolation), "echo", "ok")["stdout"] == "ok\n"
    api.remove(made)


def test_a_shim_killed_at_seeded_moments_of_a_start(own, isolation):
    print(f"seed {SEED}")
    chance = random.Random(f"{SEED} shim {isolation}")
    server = own()
    api = server.api()
    for round_ in range(4):
        answers = []
        thread = threading.Thread(target=lambda name: answers.append(
            api.call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": isolation, "name": name})), args=(f"k{round_}",))
        thread.start()
        thread.join(chance.uniform(0.005, 0.4))
        for line in processes_with(str(server.home), but=(server.process.pid,)):
            if "berth-shim" in line:
                try:
                    os.kill(int(line.split()[1].rstrip(":")), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        thread.join()
        if answers[0].status == 201:
            eventually(lambda: state(server, answers[0].json)["state"] in ("failed", "running"))
        for row in api.all("/v1/sandboxes"):
            removed(server, row)
    assert eventually_none(lambda: processes_with(str(server.home), but=(server.process.pid,))) == []


def test_pause_stops_time_and_resume_goes_on(api, sandbox):
    path = f"/v1/sandboxes/{sandbox['id']}"
    assert api.post(path + "/pause")["state"] == "paused"
    answer = api.call("POST", path + "/exec", {"argv": ["true"]})
    assert answer.status == 409 and answer.problem["code"] == "failed_precondition"
    assert api.post(path + "/resume")["state"] == "running"
    assert api.exec(sandbox, "echo", "on")["stdout"] == "on\n"


def test_a_paused_sandbox_can_be_removed(own, isolation):
    server = own()
    made = server.api().sandbox(isolation)
    server.api().post(f"/v1/sandboxes/{made['id']}/pause")
    removed(server, made)


def test_a_stopped_sandbox_says_so_and_refuses_work(server, api, isolation):
    made = api.sandbox(isolation)
    path = f"/v1/sandboxes/{made['id']}"
    assert api.post(path + "/stop")["state"] == "stopped"
    for call, body in (("exec", {"argv": ["true"]}), ("terminals", {"argv": ["true"]}), ("pause", {})):
        assert api.call("POST", f"{path}/{call}", body).problem["code"] == "failed_precondition"
    assert sandbox_traces(server.home, made["id"], but=(server.process.pid,)) == []
    api.remove(made)


def test_a_stubborn_process_is_killed_after_the_grace(api, isolation):
    made = api.sandbox(isolation)
    api.terminal(made, "sh", "-c", "trap '' TERM HUP INT; while :; do sleep 1; done")
    assert api.post(f"/v1/sandboxes/{made['id']}/stop", {"grace_ms": 100})["state"] == "stopped"
    api.remove(made)


def database(server, statement):
    subprocess.run(["sqlite3", str(server.home / "berth.db"), statement], check=True, timeout=60)


def test_a_pause_that_was_not_recorded_is_seen_again(own):
    server = own()
    api = server.api()
    made = api.sandbox("container")
    assert api.post(f"/v1/sandboxes/{made['id']}/pause")["state"] == "paused"
    assert server.stop() == 0
    database(server, "UPDATE sandboxes SET state = 1")  # as if the server had died between the freeze and the row
    server.start()
    assert state(server, made)["state"] == "paused"
    assert server.api().post(f"/v1/sandboxes/{made['id']}/resume")["state"] == "running"
    assert server.api().exec(made, "echo", "awake")["stdout"] == "awake\n"


def test_a_silent_shim_is_waited_for_and_holds_nobody_up(own):
    server = own()
    api = server.api()
    made, other = api.sandbox("container"), api.sandbox("container")
    shim = shim_of(server, made)
    os.kill(shim, signal.SIGSTOP)
    server.kill()
    try:
        server.start()  # ready, although one of its sandboxes does not answer
        assert state(server, made)["state"] == "running"
        assert server.api().exec(other, "echo", "here")["stdout"] == "here\n"
    finally:
        os.kill(shim, signal.SIGCONT)
    eventually(lambda: server.api().call("POST", f"/v1/sandboxes/{made['id']}/exec", {"argv": ["true"]}).status == 200,
               30, "a command in the sandbox whose shim answers again")


def test_a_template_is_not_removed_under_a_sandbox_that_is_being_made(own):
    server = own()
    rng = random.Random(SEED)
    statuses = {"made": [], "removed": []}

    def remove():
        threading.Event().wait(rng.random() * 0.02)
        statuses["removed"].append(server.api().call("DELETE", "/v1/templates/busybox").status)

    for _ in range(20):
        server.api().post("/v1/templates/busybox/build")
        remover = threading.Thread(target=remove)
        remover.start()
        answer = server.api().call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": "container"})
        remover.join()
        statuses["made"].append(answer.status)
        if answer.status == 201:
            assert server.api().exec(answer.json, "echo", "x")["stdout"] == "x\n"
            server.api().call("DELETE", f"/v1/sandboxes/{answer.json['id']}?force=true", expect=204)
    assert set(statuses["made"]) <= {201, 404, 409}, statuses
    assert set(statuses["removed"]) <= {204, 404, 409}, statuses
