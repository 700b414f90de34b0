"""The peers: the bare OCI runtime on an equal bundle, the runtime's own exec, podman when it is installed."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time


def runtime_command(rig, sandbox, root):
    """The runtime with the flags that it needs on this machine, as the sandbox itself was started."""
    with open(os.path.join(rig.home, "probe.json")) as file:
        probe = json.load(file)
    flags = next(entry.get("flags", []) for entry in probe["runtimes"] if entry["kind"] == sandbox["runtime"])
    log = os.path.join(root, "..", "bench.log")
    return [sandbox["runtime"], *flags, "--root", root, "--log", log]


def timed(command, **kwargs):
    begin = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   **kwargs)
    return time.monotonic() - begin


def runtime_exec(rig, sandbox, count, argv):
    """Microseconds of `runc exec` and kin in the same running sandbox."""
    state = os.path.join(rig.directory(sandbox), "run")
    command = [*runtime_command(rig, sandbox, state), "exec", sandbox["id"], *argv]
    return [timed(command) * 1e6 for _ in range(count)]


class EqualBundle:
    """A bundle as the model sandbox has it, over an overlay of the same template, that runs `echo hello`."""

    def __init__(self, rig, model):
        self.rig, self.model = rig, model
        self.dir = tempfile.mkdtemp(prefix="bb-bundle-", dir="/tmp")
        for name in ("bundle", "run", "upper", "work", "root", "workspace"):
            os.mkdir(os.path.join(self.dir, name))
        with open(os.path.join(rig.directory(model), "bundle", "config.json")) as file:
            config = json.load(file)
        config["process"]["args"] = ["/bin/echo", "hello"]
        config["root"]["path"] = os.path.join(self.dir, "root")
        config["linux"]["cgroupsPath"] = "/berth-bench/peer"
        for mount in config["mounts"]:
            if mount["destination"] == "/workspace":
                mount["source"] = os.path.join(self.dir, "workspace")
        self.config = config
        self.number = 0

    def __enter__(self):
        lower = os.path.join(self.rig.home, "images", self.model["template_digest"], "rootfs")
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={lower},upperdir={self.dir}/upper,workdir={self.dir}/work", f"{self.dir}/root"], check=True)
        for name in ("tmp", "run"):
            os.makedirs(os.path.join(self.dir, "upper", name), exist_ok=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", f"{self.dir}/root"], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def run_once(self):
        """Milliseconds of the bare runtime from its start to its end."""
        self.number += 1
        with open(os.path.join(self.dir, "bundle", "config.json"), "w") as file:
            json.dump(self.config, file)
        command = [*runtime_command(self.rig, self.model, os.path.join(self.dir, "run")), "run", "--bundle",
                   os.path.join(self.dir, "bundle"), f"bench{self.number}"]
        if self.model["runtime"] == "runsc":
            command[-4:-4] = ["--oci-seccomp"]
        return timed(command) * 1000


def podman_run(count):
    """Milliseconds of `podman run` on its own image, or nothing where podman is not installed."""
    if not shutil.which("podman"):
        return []
    image = "localhost/berth-bench"
    if subprocess.run(["podman", "image", "exists", image], check=False).returncode != 0:
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "bin"))
            shutil.copy("/bin/busybox", os.path.join(root, "bin", "echo"))
            archive = subprocess.run(["tar", "-C", root, "-c", "."], check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["podman", "import", "-", image], input=archive, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    command = ["podman", "run", "--rm", "--runtime", "runc", "--network", "none", "--ulimit", "nofile=20000:20000",
               "--ulimit", "nproc=4096:4096", image, "/bin/echo", "hello"]
    return [timed(command) * 1000 for _ in range(count)]


def first_child_of_sandbox(rig, sandbox):
    """The host's pid of berth-init."""
    with open(os.path.join(rig.directory(sandbox), "run", "pid")) as file:
        return int(file.read())


@contextlib.contextmanager
def tmux(*argv):
    """The command of a client that is attached to a tmux server of its own; the server runs `argv`."""
    with tempfile.TemporaryDirectory(prefix="bb-tmux-", dir="/tmp") as place:
        socket = os.path.join(place, "socket")
        base = ["tmux", "-f", "/dev/null", "-S", socket]
        try:
            yield ["env", "TERM=xterm-256color", *base, "new-session", *argv]
        finally:
            subprocess.run([*base, "kill-server"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def copies(rig, source):
    """MB/s of `cat source` through others that keep or show what a terminal prints, until all of it came out."""
    size = os.path.getsize(source) / 1e6
    with tempfile.TemporaryDirectory(prefix="bb-copies-", dir="/var/tmp") as place:
        out = os.path.join(place, "out")
        with tmux("cat", source) as attached:
            ways = {"tmux attached": attached, "script to a file": ["script", "-q", "-e", "-c", f"cat {source}", out],
                    "asciinema rec": ["asciinema", "rec", "-q", "--overwrite", "-c", f"cat {source}", out]}
            for name, command in ways.items():
                seconds = json.loads(rig.probe("pty-bulk", *command, remote=False))["seconds"]
                yield name, size / seconds


def forget_pages(directory):
    """Nothing of a directory's files is in the page cache any more."""
    for path, _, files in os.walk(directory):
        for name in files:
            descriptor = os.open(os.path.join(path, name), os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def read_cold(journal, size=4 << 20):
    """Milliseconds until the last bytes of the largest segments were read."""
    names = sorted(name for name in os.listdir(journal) if name.endswith(".journal"))
    begin = time.monotonic()
    left = size
    for name in reversed(names):
        with open(os.path.join(journal, name), "rb") as file:
            file.seek(max(0, os.path.getsize(file.name) - left))
            left -= len(file.read(left))
        if left <= 0:
            break
    return [(time.monotonic() - begin) * 1000]
