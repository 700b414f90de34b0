import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { Copies } from "../src/copies.js";
import { MemoryStore } from "../src/memory_store.js";
import { type DeviceKey, Sealer } from "../src/sealing.js";

class Keys {
  readonly given = new Map<string, DeviceKey>();
  newest = "";
  reachable = true;
  constructor() {
    this.turn("k1");
  }
  turn(id: string): void {
    this.given.set(id, { id, bytes: webcrypto.getRandomValues(new Uint8Array(32)) });
    this.newest = id;
  }
  async current(): Promise<DeviceKey> {
    if (!this.reachable) throw new Error("no line");
    return this.given.get(this.newest)!;
  }
  async find(id: string): Promise<DeviceKey | undefined> {
    if (!this.reachable) throw new Error("no line");
    return this.given.get(id);
  }
}

const sealer = (keys: Keys) =>
  new Sealer(keys, webcrypto.subtle as SubtleCrypto, (size) => webcrypto.getRandomValues(new Uint8Array(size)));

async function crashed() {
  const [keys, store] = [new Keys(), new MemoryStore()];
  const copies = new Copies(store, sealer(keys));
  await copies.writeBase("ses_1", "tab/1", 4, { a: 1, secret: "plain words" });
  await copies.writeEdits("ses_1", "tab/1", {
    from: 4,
    version: 5,
    accepted: [[{ op: "replace", path: "/a", value: 2 }]],
    dirty: [{ op: "add", path: "/b", value: 3 }],
  });
  return { keys, store, copies: new Copies(store, sealer(keys)) };
}

test("copies: a crash leaves what was accepted as base and what was not as mine", async () => {
  const { copies } = await crashed();
  assert.deepEqual(await copies.tabs("ses_1"), ["tab/1"]);
  assert.deepEqual(await copies.tabs("ses_"), []);
  assert.deepEqual(await copies.read("ses_1", "tab/1"), {
    session: "ses_1",
    tab: "tab/1",
    version: 5,
    base: { a: 2, secret: "plain words" },
    mine: { a: 2, secret: "plain words", b: 3 },
  });
});

test("copies: a newer key seals the next copy, and the older ones still open", async () => {
  const { keys, store, copies } = await crashed();
  keys.turn("k2");
  assert.ok("mine" in (await copies.read("ses_1", "tab/1")));
  await copies.writeBase("ses_1", "t2", 1, {});
  assert.equal((await store.get("ses_1/t2/base"))?.key, "k2");
});

test("copies: a revoked device reads nothing; without an answer nothing is called lost", async () => {
  const { keys, copies } = await crashed();
  keys.reachable = false;
  await assert.rejects(copies.read("ses_1", "tab/1"), /no line/);
  keys.reachable = true;
  keys.given.delete("k1");
  assert.deepEqual(await copies.read("ses_1", "tab/1"), { session: "ses_1", tab: "tab/1", failed: "revoked" });
});

test("copies: no plain word is stored; any flipped bit, other name or other base is damage", async () => {
  const { store, copies } = await crashed();
  const name = "ses_1/tab%2F1/edits";
  const good = (await store.get(name))!;
  assert.ok(!Buffer.from((await store.get("ses_1/tab%2F1/base"))!.bytes).includes("plain"));
  for (let i = 0; i < good.bytes.length; i++) {
    const bytes = good.bytes.slice();
    bytes[i]! ^= 1;
    await store.put(name, { ...good, bytes });
    assert.equal((await copies.read("ses_1", "tab/1") as { failed?: string }).failed, "damaged", `byte ${i}`);
  }
  await store.put("ses_1/t2/edits", good);
  await store.put("ses_1/t2/base", (await store.get("ses_1/tab%2F1/base"))!);
  assert.equal((await copies.read("ses_1", "t2") as { failed?: string }).failed, "damaged");
  await store.put(name, good);
  await copies.writeBase("ses_1", "tab/1", 9, {});
  assert.equal((await copies.read("ses_1", "tab/1") as { failed?: string }).failed, "damaged");
});

test("copies: removed copies are offered to nobody", async () => {
  const { store, copies } = await crashed();
  await copies.remove("ses_1", "tab/1");
  assert.deepEqual(await store.names(""), []);
});
