"""Where things are, for the house rules."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build/asan"))


def tracked():
    """Every file of the repository that git would take, as relative paths; from the disk where there is no git."""
    git = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    names = git.stdout.splitlines() if git.returncode == 0 else [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file() and path.parts[len(ROOT.parts)] != "build"]
    return sorted(name for name in names if (ROOT / name).is_file())


def text_of(name):
    try:
        return (ROOT / name).read_text()
    except UnicodeDecodeError:
        return ""


def assert_none(problems):
    """A failure shows all of them, one a line."""
    problems = list(problems)
    if problems:
        pytest.fail("\n  ".join(["there are problems:", *problems]), pytrace=False)
