"""Fixtures. A module shares one server; a test that breaks its server has one of its own."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kit import BIN, ISOLATIONS, SEED, Server, clean_up, cli, eventually_none, listed, new_home  # noqa: E402
from traces import traces  # noqa: E402


def pytest_report_header():
    return f"berth: {BIN}, seed {SEED} (BERTH_SEED repeats it)"


@pytest.fixture(scope="module")
def server():
    shared = Server(new_home()).start()
    shared.api().post("/v1/templates/busybox/build")
    yield shared
    left = clean_up(shared)
    assert left == []


@pytest.fixture(scope="module")
def api(server):
    return server.api()


@pytest.fixture
def own():
    """own(env=…, config=…) is a server with a home that no other test sees."""
    made = []

    def make(env=None, config=None, start=True, args=(), template=True, wrap=()):
        server = Server(new_home(), env, args, wrap)
        made.append(server)
        if config is not None:
            (server.home / "config.yaml").write_text(config)
        if start:
            server.start()
            if template:
                server.api().post("/v1/templates/busybox/build")
        return server

    yield make
    left = [problem for server in made for problem in clean_up(server)]
    assert left == []


@pytest.fixture
def home():
    """A home for the command line, which starts its own server."""
    path = new_home()
    yield path
    left = []
    if (path / "berth.db").exists():
        cli(path, "server", "start")
        for sandbox in listed(cli(path, "ls", "--all", "--json")):
            cli(path, "rm", "--force", sandbox["id"])
        cli(path, "server", "stop")
        left = eventually_none(lambda: traces(path))
    shutil.rmtree(path, ignore_errors=True)
    assert left == []


@pytest.fixture(params=ISOLATIONS)
def isolation(request):
    return request.param


@pytest.fixture(scope="module", params=ISOLATIONS)
def sandbox(request, api):
    """A sandbox of the module, once in each isolation."""
    made = api.sandbox(request.param)
    yield made
    api.remove(made)


@pytest.fixture(autouse=True)
def umask():
    """The loosest umask: a mode that is right here is right at creation."""
    before = os.umask(0)
    yield
    os.umask(before)
