"""What the tests of web/ share: the packages, installed in the build directory."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build/asan"))


@pytest.fixture(scope="session")
def npm():
    """A copy of web/ with what its lock file names, installed once per lock file, and a function that runs npm there."""
    home = BUILD / "web"
    lock = (ROOT / "web/package-lock.json").read_bytes()
    made = home / "installed"
    if made.exists() and made.read_bytes() != lock:
        shutil.rmtree(home)
    shutil.rmtree(home / "packages", ignore_errors=True)
    shutil.copytree(ROOT / "web", home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist", "out"))
    if not made.exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=home, check=True, timeout=300)
        made.write_bytes(lock)

    def run(*words):
        done = subprocess.run(["npm", "run", *words], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=300)
        assert done.returncode == 0, done.stdout[-20000:]
        return done.stdout
    return run


@pytest.fixture(scope="session")
def built(npm):
    """The directory with the built library."""
    npm("build")
    return BUILD / "web/packages/session-client/dist"
