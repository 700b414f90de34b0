"""What a sandbox or a home may leave on a machine: processes, mounts, cgroups, runtime state, directories. Counted."""

import hashlib
import os
from pathlib import Path


def read(path):
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def processes():
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            yield entry


def processes_with(word, but=()):
    """Those that name it in their arguments, environment, cgroup or mounts' sources; zombies and ours apart."""
    mark = word.encode()
    found = []
    for pid in processes():
        if int(pid) in but or read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"], []):
            continue
        if any(mark in read(f"/proc/{pid}/{name}") for name in ("cmdline", "environ", "cgroup")):
            arguments = read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
            found.append(f"process {pid}: {arguments}")
    return found


def mounts_with(word):
    return [f"mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text().splitlines() if word in line]


def cgroups_with(word):
    return [f"cgroup {path}" for path, _, _ in os.walk("/sys/fs/cgroup") if word in path]


def runtime_state_with(word):
    found = []
    for top in ("/run", "/var/run", "/tmp"):
        for path, directories, _ in os.walk(top):
            if path.count("/") > 6:
                directories.clear()
            found += [f"directory {path}/{name}" for name in directories if word in name]
    return sorted(set(found))


def sandbox_traces(home, sandbox, but=()):
    """What is left of one sandbox, its row and its journals apart. `sandbox` is its id."""
    kept = Path(home) / "terminals"
    return (processes_with(sandbox, but) + mounts_with(sandbox) + cgroups_with(sandbox) +
            [line for line in runtime_state_with(sandbox) if str(kept) not in line and f"{home}/sandboxes/" not in line])


def traces(home):
    """What is left of a home whose server has ended and whose sandboxes are removed, its own files apart."""
    home = Path(home)
    sandboxes = home / "sandboxes"
    left = [f"directory {path}" for path in sandboxes.iterdir()] if sandboxes.exists() else []
    word = str(home)
    parent = hashlib.sha256(os.fsencode(word)).hexdigest()[:12]
    return left + processes_with(word) + mounts_with(word) + cgroups_with(f"/berth/{parent}")
