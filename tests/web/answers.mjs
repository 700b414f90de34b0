// answers.mjs LIBRARY SESSION: each answer of a real server as the value that a client gets.
import assert from "node:assert/strict";

const [library, session] = process.argv.slice(2);
const berth = await import(library);
const options = { base: `http://127.0.0.1:${process.env.BERTH_PORT}`, headers: () => ({ Authorization: `Bearer ${process.env.BERTH_KEY}` }) };
const transport = new berth.HttpTransport(options, "laptop");
const set = (n) => [{ op: "replace", path: "/n", value: n }];

assert.deepEqual(await transport.load(session), { kind: "loaded", version: 1, document: { n: 1 } });
assert.deepEqual(await transport.patch(session, 1, set(2), "one"), { kind: "saved", version: 2 });
assert.deepEqual(await transport.patch(session, 1, set(2), "one"), { kind: "saved", version: 2 }, "repeated: one effect");
const stale = await transport.patch(session, 1, set(3), "two");
assert.equal(stale.kind, "stale");
assert.equal(stale.current.version, 2);
assert.equal(stale.current.client, "laptop");
assert.ok(Math.abs(Date.parse(stale.current.changedAt) - Date.now()) < 3_600_000);
const unfit = await transport.patch(session, 2, [{ op: "remove", path: "/x" }], "three");
assert.deepEqual([unfit.kind, unfit.code], ["refused", "failed_precondition"]);
assert.equal((await transport.load("ses_00000000000000000000000000")).code, "not_found");
const copied = await transport.copy(session, { n: 9 }, "four");
assert.equal(copied.kind, "created");
assert.deepEqual(await transport.copy(session, { n: 9 }, "four"), copied);
assert.deepEqual((await transport.load(copied.session)).document, { n: 9 });
const stranger = new berth.HttpTransport({ ...options, headers: () => ({ Authorization: "Bearer wrong" }) }, "x");
assert.equal((await stranger.load(session)).kind, "signed_out");
assert.equal((await new berth.HttpTransport({ base: "http://127.0.0.1:1" }, "x").load(session)).kind, "unreachable");

const memory = new Map();
const remembered = { getItem: (name) => memory.get(name) ?? null, setItem: (name, value) => memory.set(name, value) };
const keys = () => new berth.HttpDeviceKeys(options, remembered, "laptop");
const sealed = await new berth.Sealer(keys()).seal("name", "text");
assert.deepEqual(await new berth.Sealer(keys()).open("name", sealed), { text: "text" }, "the same device, after signing in again");
assert.equal((await keys().current()).id, sealed.key);
const revoked = await fetch(`${options.base}/v1/devices/${sealed.key}`, { method: "DELETE", headers: options.headers() });
assert.equal(revoked.status, 204);
assert.deepEqual(await new berth.Sealer(keys()).open("name", sealed), { failed: "revoked" });
const next = await keys().current();
assert.notEqual(next.id, sealed.key);
await fetch(`${options.base}/v1/devices/${next.id}`, { method: "DELETE", headers: options.headers() });
