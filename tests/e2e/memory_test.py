"""What never ends on the way takes no memory: sequences without an end, through shim, server, journal, screen and viewer."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from kit import SLOW, eventually
from viewer import watch

SIZE = int(os.environ.get("BERTH_UNTERMINATED", 64 << 20))
BEGIN = {"osc": r"\033]133;C;", "text": r"\033]633;E;", "title": r"\033]0;", "dcs": r"\033Pq", "csi": r"\033["}
ROOM_KIB = 48 << 10  # a sanitized build needs some room in any case; what came is more than that


def resident_kib(pid):
    return int((Path("/proc") / str(pid) / "status").read_text().split("VmRSS:")[1].split()[0])


@pytest.mark.long
@pytest.mark.parametrize("kind", BEGIN)
def test_a_sequence_without_an_end_keeps_memory_flat(own, kind):
    server = own(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    api = server.api()
    made = api.sandbox("container")
    digit = "1" if kind == "csi" else "x"
    script = f"stty raw -echo; read go; printf '{BEGIN[kind]}'; head -c {SIZE} /dev/zero | tr '\\0' {digit}; read go"
    terminal = api.terminal(made, "sh", "-c", script)
    shim = json.loads((server.home / "sandboxes" / made["id"] / "shim.json").read_text())["pid"]
    path = f"/v1/terminals/{terminal['id']}"
    api.call("GET", path + "/screen", expect=200)
    before = {"server": resident_kib(server.process.pid), "shim": resident_kib(shim)}
    api.call("POST", path + "/input", {"text": "\n"}, expect=204)
    eventually(lambda: api.get(path)["end"] >= SIZE, 60 + SIZE / (1 << 20), "all of it")
    api.call("GET", path + "/screen", expect=200)
    after = {"server": resident_kib(server.process.pid), "shim": resident_kib(shim)}
    print(f"{kind}, {SIZE >> 20} MiB: {before} to {after} KiB")
    for name in before:
        assert after[name] - before[name] < ROOM_KIB, f"{name}: {before} to {after}"
    api.call("POST", path + "/input", {"text": "\n"}, expect=204)
    seen = asyncio.run(asyncio.wait_for(watch(server, terminal, keep=False), 600 * SLOW))
    assert seen.next >= SIZE and seen.exit["exit_code"] == 0
