"""Frames that berth-init never sent: a program that reaches init's channel ends its own sandbox, and nothing else."""

import pytest
from kit import eventually

ATTACKS = {"oversized": r"\377\377\377\177", "empty": r"\000\000\000\000", "malformed": r"\004\000\000\000\377\377\377\377"}


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_forged_frames_end_their_own_sandbox_only(api, attack):
    """gVisor lets a program open the pipes of its own user's processes, init's among them (decision 0005)."""
    other, sandbox = api.sandbox("gvisor"), api.sandbox("gvisor")
    attack = ["sh", "-c", f"printf '{ATTACKS[attack]}' > /proc/1/fd/1; exec cat"]
    api.call("POST", f"/v1/sandboxes/{sandbox['id']}/terminals", {"argv": attack})  # it may end before it is answered
    state = eventually(lambda: (s := api.get(f"/v1/sandboxes/{sandbox['id']}"))["state"] == "failed" and s)
    assert state["reason_code"] == "init_misbehaved", state
    assert api.exec(other, "true")["exit_code"] == 0
    api.remove(sandbox)
    api.remove(other)


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_the_channel_is_out_of_reach_in_a_container(api, attack):
    sandbox = api.sandbox("container")
    tried = api.exec(sandbox, "sh", "-c", f"printf '{ATTACKS[attack]}' > /proc/1/fd/1")
    assert tried["exit_code"] != 0 and "can't create" in tried["stderr"], tried
    assert api.exec(sandbox, "true")["exit_code"] == 0
    api.remove(sandbox)
