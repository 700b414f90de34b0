"""The library in a real browser: what a crash of Chromium leaves is offered, sealed, and taken up by the next one."""

import http.server
import json
import os
import queue
import signal
import subprocess
import threading

import pytest

PAGE = """<!doctype html><title>session-client</title><script type="module">
const tell = (what) => fetch("/said", { method: "POST", body: JSON.stringify(what) });
addEventListener("error", (event) => tell({ error: String(event.message) }));
addEventListener("unhandledrejection", (event) => tell({ error: String(event.reason?.stack ?? event.reason) }));
import * as berth from "/dist/index.js";
const key = { id: "k1", bytes: new Uint8Array(32).fill(7) };
const keys = { current: async () => key, find: async (id) => (id === key.id ? key : undefined) };
const offline = async () => ({ kind: "unreachable" });
const world = { berth, tell, document: { a: 1, todos: [{ id: 1, text: "old" }] } };
world.page = await berth.BrowserPage.open();
world.store = await berth.IndexedDbStore.open();
world.copies = new berth.Copies(world.store, new berth.Sealer(keys));
world.client = new berth.SessionClient(
  { session: "s", tab: world.page.tab, version: 1, document: world.document },
  { transport: { load: offline, patch: offline, copy: offline }, copies: world.copies, page: world.page });
await (await import("/steps.js")).default(world);
</script>"""

EDIT = """export default async ({ client, page, store, tell }) => {
  client.set(["todos", 0, "text"], "a plain word");
  await client.save();
  client.set(["a"], 2);
  await client.kept();
  await tell({ tab: page.tab, state: client.state, problem: String(client.copyProblem), names: await store.names("") });
};"""

LOOK = """export default async ({ berth, document, page, copies, store, tell }) => {
  const { offers, lost } = await berth.found("s", document, copies, page);
  const raw = new TextDecoder("latin1").decode((await store.get((await store.names("s/"))[0])).bytes);
  const tell_of = offers.map(({ copy, changes, conflicts }) => ({ tab: copy.tab, mine: copy.mine, changes, conflicts }));
  await tell({ offers: tell_of, lost, alive: await page.alive(page.tab), plain: raw.includes("plain word") });
};"""


class Site:
    """Serves the library and the steps of a test on loopback, and hears what the page says."""

    def __init__(self, dist):
        self.said = queue.Queue()
        self.steps = ""
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                content, kind = site.content(self.path, dist)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(content or b"")

            def do_POST(self):
                site.said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def content(self, path, dist):
        if path == "/":
            return PAGE.encode(), "text/html"
        if path == "/steps.js":
            return self.steps.encode(), "text/javascript"
        file = dist / path.removeprefix("/dist/")
        return (file.read_bytes(), "text/javascript") if file.is_file() else (None, "text/plain")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/"


class Browser:
    def __init__(self, profile, url):
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                   "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(["chromium", *options, url], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)

    def kill(self):
        """The browser and the processes that it made: what a crash of the machine's session does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def site(built):
    site = Site(built)
    yield site
    site.server.shutdown()


@pytest.fixture
def browse(tmp_path, site):
    running = []

    def start(steps):
        site.steps = steps
        running.append(Browser(tmp_path / "profile", site.url))
        said = site.said.get(timeout=120)
        assert "error" not in said, said
        return said, running[-1]
    yield start
    for browser in running:
        if browser.process.poll() is None:
            browser.kill()


def test_a_killed_browser_loses_no_edit(browse):
    edited, browser = browse(EDIT)
    assert edited["state"] == "offline" and edited["problem"] == "undefined"
    assert edited["names"] == [f"s/{edited['tab']}/base/1", f"s/{edited['tab']}/edits"]
    browser.kill()
    seen, browser = browse(LOOK)
    assert seen["lost"] == [] and seen["alive"] and not seen["plain"]
    assert seen["offers"] == [{"tab": edited["tab"], "mine": {"a": 2, "todos": [{"id": 1, "text": "a plain word"}]}, "conflicts": 0,
                               "changes": [{"op": "replace", "path": "/a", "value": 2},
                                           {"op": "replace", "path": "/todos/0/text", "value": "a plain word"}]}]
