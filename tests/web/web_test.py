"""The packages of web/ pass their type check, their linter and their tests, and build, from the lock file alone."""

import subprocess


def test_types_and_lint(npm):
    npm("check")


def test_behaviour(npm):
    said = npm("test")
    assert "# fail 0" in said and "# pass 0" not in said, said[-20000:]


def test_build_is_esm(built):
    script = "import(process.argv[1]).then((m) => console.log(Object.keys(m).sort().join(' ')))"
    done = subprocess.run(["node", "-e", script, (built / "index.js").as_uri()], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert {"merge", "diff", "apply", "canonical", "SessionClient", "found"} <= set(done.stdout.split())
