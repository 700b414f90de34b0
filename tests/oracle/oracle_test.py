"""Berth's screen beside xterm.js (@xterm/headless, Unicode 11): the same cells, cursor and modes. What is deliberately
otherwise stands in differences.json with its reason; the streams here leave exactly that out.

BERTH_SEED repeats a seed, BERTH_STREAMS is how many random streams (300). sessions/ holds what real programs sent, made by
record.py."""

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BUILD = Path(os.environ.get("BERTH_BUILD", HERE.parents[1] / "build/asan"))
DRIVER = BUILD / "bin/berth-oracle-screens"
SESSIONS = sorted((HERE / "sessions").glob("*.vt"))
DIFFERENCES = json.loads((HERE / "differences.json").read_text())


@pytest.fixture(scope="session")
def node():
    """A directory with xterm.js, installed once for the lock file, and a function that runs compare.mjs in it."""
    home = BUILD / "oracle"
    home.mkdir(exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    if not (home / "installed").exists() or (home / "installed").read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, home / name)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=home, check=True, timeout=300)
        (home / "installed").write_bytes(lock)
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, home)

    def run(*words):
        done = subprocess.run(["node", "compare.mjs", DRIVER, *map(str, words)], cwd=home, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=800)
        return done.returncode, done.stdout
    return run


@pytest.mark.long
def test_random_streams(node):
    seed = int(os.environ.get("BERTH_SEED", random.SystemRandom().randrange(1 << 40)))
    count = 1 if "BERTH_SEED" in os.environ and "BERTH_STREAMS" not in os.environ else int(os.environ.get("BERTH_STREAMS", 300))
    code, said = node("random", seed, count)
    assert code == 0, f"BERTH_SEED={seed} (each stream names its own)\n{said}"


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_recorded_session(node, session):
    code, said = node("recorded", session)
    assert code == 0, said


def test_widths(node):
    """Every code point whose width is not that of xterm.js with Unicode 11 is listed."""
    code, said = node("widths")
    assert code == 0, said
    found = {(f"U+{one['first']:04X}", f"U+{one['last']:04X}", one["ours"], one["theirs"]) for one in json.loads(said)}
    listed = {(one["first"], one["last"], one["berth"], one["xterm.js"]) for one in DIFFERENCES["widths"]}
    assert found == listed


def test_streams_name_their_exceptions():
    """What the generator leaves out or brings about names an entry of differences.json."""
    names = {one["name"] for one in DIFFERENCES["differences"]}
    used = set(re.findall(r"// ([a-z0-9, -]+)$", (HERE / "streams.mjs").read_text(), re.M))
    used = {name for line in used for name in line.split(", ")}
    assert used and used <= names, used - names
    assert all(one["reason"] and one["berth"] and one["xterm.js"] for one in DIFFERENCES["differences"])


def test_there_are_sessions_of_each_program():
    programs = {path.name.split(".")[0].split("-")[0] for path in SESSIONS}
    assert programs >= {"vim", "htop", "less", "tmux", "mc", "nano", "git", "apt", "cmake", "npm", "python"}
