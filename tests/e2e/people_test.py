"""Who may do what: every route of the API × role × ownership. A route that is not in the table fails the test."""

import asyncio
import json

import aiohttp
import pytest
from kit import SEED  # noqa: F401  (printed with a failure)
from viewer import Viewer

UNKNOWN = {"sandbox": "sbx_00000000000000000000000000", "terminal": "trm_00000000000000000000000000",
           "job": "job_00000000000000000000000000", "key": "key_00000000000000000000000000", "name": "no-such-template",
           "user": "no-such-user", "number": "1", "session": "ses_00000000000000000000000000", "version": "1", "log": "usage",
           "device": "dev_00000000000000000000000000", "snapshot": "snp_00000000000000000000000000"}
# operation: (permission, query, a body that is well formed)
TABLE = {
    "get_info": ("read", "", None),
    "list_sandboxes": ("read", "", None),
    "create_sandbox": ("run", "", {"isolation": "none"}),
    "get_sandbox": ("read", "", None),
    "remove_sandbox": ("run", "", None),
    "stop_sandbox": ("run", "", {}),
    "pause_sandbox": ("run", "", {}),
    "resume_sandbox": ("run", "", {}),
    "get_sandbox_stats": ("read", "", None),
    "start_terminal": ("run", "", {"argv": ["true"]}),
    "list_terminals": ("read", "", None),
    "get_terminal": ("read", "", None),
    "write_input": ("run", "", {"text": "x"}),
    "send_keys": ("run", "", {"enter": True}),
    "wait_terminal": ("read", "", {"until": {"exit": True}, "timeout_ms": 1}),
    "rename_terminal": ("run", "", {"name": "other"}),
    "close_terminal": ("run", "", {}),
    "get_command": ("read", "", None),
    "get_command_output": ("read", "", None),
    "grep_terminal": ("read", "pattern=x", None),
    "grep_sandbox": ("read", "pattern=x", None),
    "follow_events": ("read", "follow=false", None),
    "follow_terminal": ("read", "follow=false", None),
    "export_terminal": ("read", "", None),
    "import_recording": ("run", "", b"not a cast"),
    "resize_terminal": ("run", "", {"cols": 80, "rows": 24}),
    "signal_terminal": ("run", "", {"signal": 15}),
    "read_output": ("read", "", None),
    "get_screen": ("read", "", None),
    "exec": ("run", "", {"argv": ["true"]}),
    "list_commands": ("read", "", None),
    "stat_file": ("read", "path=/etc", None),
    "list_files": ("read", "path=/etc", None),
    "read_file": ("read", "path=/etc/passwd", None),
    "write_file": ("run", "path=/tmp/x", b"x"),
    "remove_file": ("run", "path=/tmp/x", None),
    "make_directory": ("run", "", {"path": "/tmp/d"}),
    "move_file": ("run", "", {"from": "/tmp/a", "to": "/tmp/b"}),
    "list_templates": ("read", "", None),
    "build_template": ("admin", "", {}),
    "remove_template": ("admin", "", None),
    "list_jobs": ("admin", "", None),
    "retry_job": ("admin", "", {}),
    "cancel_job": ("admin", "", {}),
    "list_users": ("admin", "", None),
    "add_user": ("admin", "", {"name": "Not A Name"}),
    "change_user": ("admin", "", {}),
    "list_keys": ("read", "", None),
    "create_key": ("run", "", {"scopes": ["none"]}),
    "revoke_key": ("run", "", None),
    "attach_terminal": ("run", "", None),
    "list_sessions": ("read", "", None),
    "create_session": ("run", "", {"title": ""}),
    "clean_sessions": ("run", "dry_run=true&keep=1000", None),
    "get_session": ("read", "", None),
    "rename_session": ("run", "", {"title": "x"}),
    "remove_session": ("run", "", None),
    "copy_session": ("run", "", {"title": "x"}),
    "close_session": ("run", "", None),
    "resume_session": ("run", "", None),
    "get_document": ("read", "", None),
    "replace_document": ("run", "", {}),
    "patch_document": ("run", "", []),
    "list_versions": ("read", "", None),
    "restore_version": ("run", "", None),
    "compare_versions": ("read", "from=1&to=1", None),
    "append_entry": ("run", "", {"id": "x", "entry": {}}),
    "list_entries": ("read", "", None),
    "follow_session": ("read", "follow=false", None),
    "list_devices": ("read", "", None),
    "add_device": ("run", "", {"name": ""}),
    "get_device": ("read", "", None),
    "revoke_device": ("run", "", None),
    "list_snapshots": ("read", "", None),
    "create_snapshot": ("run", "", {"session": "ses_00000000000000000000000000"}),
    "derive_snapshot": ("run", "", {}),
    "import_snapshot": ("run", "", b"no bundle"),
    "get_snapshot": ("read", "", None),
    "remove_snapshot": ("run", "", None),
    "read_part": ("read", "name=document.json", None),
    "export_snapshot": ("read", "", None),
    "scan_snapshot": ("read", "", None),
    "verify_snapshot": ("run", "", None),
    "share_snapshot": ("run", "", {"visibility": "link"}),
    "unshare_snapshot": ("run", "", {}),
    "copy_snapshot": ("run", "", {}),
    "visit_snapshot": ("read", "", None),
    "list_visits": ("read", "", None),
    "forget_visit": ("read", "", None),
}
PUBLIC = {"health", "ready", "metrics", "document"}
ROLES = {"viewer": {"read"}, "member": {"read", "run"}, "admin": {"read", "run", "admin"}}


@pytest.fixture(scope="module")
def operations(api):
    """(operation, method, path) of every route that needs a key."""
    document = api.get("/openapi.json")
    return [(item[method]["operationId"], method.upper(), path) for path, item in document["paths"].items()
            for method in ("get", "put", "post", "delete", "patch") if method in item and item[method]["operationId"] not in PUBLIC]


@pytest.fixture(scope="module")
def key_of(server, api):
    """A key of a user of this role, made once."""
    made = {}

    def make(role, name=None, **more):
        name = name or f"a-{role}"
        if name not in made:
            api.call("POST", "/v1/users", {"name": name, "role": role}, expect=201)
            made[name] = True
        return api.call("POST", "/v1/keys", {"user": name, **more}, expect=201).json["text"]
    return make


def ask(api, operation, method, path, ids):
    _, query, body = TABLE[operation]
    item_path = path
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value)
    path += "?" + query if query else ""
    headers = {"If-Match": '"1"'} if "{session}" in item_path else {}
    if operation == "patch_document":
        headers["Content-Type"] = "application/json-patch+json"
    return api.call(method, path, data=body, headers=headers) if isinstance(body, bytes) else api.call(method, path, body, headers=headers)


def test_every_route_is_in_the_table(operations):
    assert {operation for operation, _, _ in operations} == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_what_each_role_may(server, operations, key_of, role):
    theirs = server.tcp(key_of(role))
    for operation, method, path in operations:
        if operation == "attach_terminal":
            continue
        answer = ask(theirs, operation, method, path, UNKNOWN)
        may = TABLE[operation][0] in ROLES[role]
        assert (answer.status == 403) == (not may), f"{role} {operation}: {answer.status} {answer.data[:200]}"
        assert answer.status != 401


def test_a_key_says_less_than_its_user(server, operations, key_of):
    theirs = server.tcp(key_of("admin", scopes=["read"]))
    for operation, method, path in operations:
        if operation == "attach_terminal":
            continue
        answer = ask(theirs, operation, method, path, UNKNOWN)
        assert (answer.status == 403) == (TABLE[operation][0] != "read"), f"{operation}: {answer.status}"


def test_what_is_anothers_looks_like_what_is_not_there(server, operations, key_of):
    ada = server.tcp(key_of("member", "ada"))
    bob = server.tcp(key_of("member", "bob"))
    sandbox = ada.sandbox("container")
    terminal = ada.terminal(sandbox, "cat")
    key = ada.get("/v1/keys")["items"][0]
    session = ada.post("/v1/sessions", {"title": "Plan", "document": {}}, 201)
    device = ada.post("/v1/devices", {"name": "laptop"}, 201)["device"]
    snapshot = ada.post("/v1/snapshots", {"session": session["id"]}, 201)
    ids = {"sandbox": sandbox, "terminal": terminal, "key": key, "session": session, "device": device, "snapshot": snapshot}
    real = {**UNKNOWN, **{noun: thing["id"] for noun, thing in ids.items()}}
    for operation, method, path in operations:
        if not any("{" + noun + "}" in path for noun in ids) or operation == "attach_terminal":
            continue
        seen = []
        for asked in (real, UNKNOWN):
            answer = ask(bob, operation, method, path, asked)
            body = json.loads(answer.data)
            body.pop("request_id", None)
            text = json.dumps(body)
            for noun in ids:
                text = text.replace(asked[noun], noun)
            seen.append((answer.status, text))
        assert seen[0] == seen[1] and seen[0][0] == 404, f"{operation}: {seen}"
    named = ask(bob, "get_sandbox", "GET", "/v1/sandboxes/{sandbox}", {"sandbox": sandbox["name"]})
    assert named.status == 404
    assert bob.get("/v1/sandboxes")["items"] == [] and bob.get("/v1/keys")["items"][0]["user"] == "bob"
    assert bob.get("/v1/commands")["items"] == []
    assert bob.get("/v1/sessions")["items"] == [] and bob.get("/v1/devices")["items"] == []
    assert bob.get("/v1/snapshots")["items"] == [] and bob.get("/v1/visits")["items"] == []
    ada.call("DELETE", f"/v1/sandboxes/{sandbox['id']}?force=true", expect=204)


def attach(server, key, terminal, **wish):
    async def status():
        viewer = Viewer(server, terminal, **wish)
        async with aiohttp.ClientSession() as session:
            try:
                await viewer.connect(session, headers={"Authorization": "Bearer " + key})
            except aiohttp.WSServerHandshakeError as error:
                return error.status
            return 101
    return asyncio.run(status())


def test_who_may_read_may_watch_and_not_type(server, key_of):
    theirs = server.tcp(key_of("member", "eva"))
    sandbox = theirs.sandbox("container")
    terminal = theirs.terminal(sandbox, "cat")
    reads = theirs.call("POST", "/v1/keys", {"scopes": ["read"]}, expect=201).json["text"]
    assert attach(server, theirs.key, terminal) == 101
    assert attach(server, reads, terminal) == 403
    assert attach(server, reads, terminal, seat="take") == 403
    assert attach(server, reads, terminal, seat="read") == 101
    theirs.call("DELETE", f"/v1/sandboxes/{sandbox['id']}?force=true", expect=204)


def test_users_and_keys_on_the_command_line(own):
    server = own()
    assert "no users" in server.cli("user", "ls", check=0).stderr
    server.cli("user", "add", "ada", check=0)
    assert "already" in server.cli("user", "add", "ada").stderr
    assert server.cli("user", "add", "local").returncode != 0
    assert server.cli("key", "create", "--user", "eve").returncode != 0
    text = server.cli("key", "create", "--user", "ada", "--label", "laptop", "--expires", "1h", check=0).stdout.strip()
    ada = server.tcp(text)
    assert ada.get("/v1/keys")["items"][0]["label"] == "laptop"
    assert ada.call("POST", "/v1/keys", {"user": "local"}).status == 403
    assert ada.call("GET", "/v1/keys?user=*").status == 403
    # A key makes no key that may more than it may itself.
    less = ada.call("POST", "/v1/keys", {"scopes": ["read", "run"]}, expect=201).json
    least = server.tcp(less["text"]).call("POST", "/v1/keys", {"scopes": ["read"]}, expect=201).json
    assert server.tcp(least["text"]).call("POST", "/v1/keys", {}).status == 403
    assert least["key"]["scopes"] == ["read"]
    server.cli("user", "disable", "ada", check=0)
    refused = ada.call("GET", "/v1/info")
    assert refused.status == 401 and "disabled" in refused.json["detail"]
    server.cli("user", "enable", "ada", check=0)
    assert ada.call("GET", "/v1/info").status == 200
    server.cli("user", "role", "ada", "viewer", check=0)
    assert ada.call("POST", "/v1/sandboxes", {}).status == 403
    server.kill()
    server.start()
    ada = server.tcp(text)
    assert ada.call("GET", "/v1/info").status == 200 and ada.call("POST", "/v1/sandboxes", {}).status == 403
    listed = json.loads(server.cli("key", "ls", "--all", "--json", check=0).stdout)
    mine = next(key for key in listed if key["label"] == "laptop")
    assert mine["used"] and mine["expires"]
    server.cli("key", "revoke", mine["id"], check=0)
    assert ada.call("GET", "/v1/info").status == 401
    assert server.cli("key", "revoke", mine["id"]).returncode != 0
    assert text not in server.said(10_000)


def test_a_key_expires(own):
    server = own()
    server.cli("user", "add", "ada", check=0)
    text = server.api().call("POST", "/v1/keys", {"user": "ada", "expires_ms": 1}, expect=201).json["text"]
    refused = server.tcp(text).call("GET", "/v1/info")
    assert refused.status == 401 and "expired" in refused.json["detail"]
    for wrong in ({"expires_ms": 0}, {"expires_ms": 10**15}, {"scopes": ["everything"]}, {"label": "x" * 101}):
        assert server.api().call("POST", "/v1/keys", wrong).status == 400, wrong
