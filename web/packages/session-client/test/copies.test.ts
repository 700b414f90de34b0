import assert from "node:assert/strict";
import { test } from "node:test";
import { Copies, type Copy } from "../src/copies.js";
import { CopyKeeper } from "../src/copy_keeper.js";
import { MemoryStore } from "../src/memory_store.js";
import type { Sealed } from "../src/sealing.js";
import { Keys, sealer } from "./world.js";

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
  assert.ok("mine" in (await copies.read("ses_1", "tab/1"))!);
  await copies.writeBase("ses_1", "t2", 1, {});
  assert.equal((await store.get("ses_1/t2/base/1"))?.key, "k2");
});

test("copies: a revoked device reads nothing; without an answer nothing is called lost", async () => {
  const { keys, copies } = await crashed();
  keys.reachable = false;
  await assert.rejects(copies.read("ses_1", "tab/1"), /no line/);
  keys.reachable = true;
  keys.given.delete("k1");
  assert.deepEqual(await copies.read("ses_1", "tab/1"), { session: "ses_1", tab: "tab/1", failed: "revoked" });
});

test("copies: no plain word is stored; any flipped bit or other name is damage", async () => {
  const { store, copies } = await crashed();
  const name = "ses_1/tab%2F1/edits";
  const good = (await store.get(name))!;
  assert.ok(!Buffer.from((await store.get("ses_1/tab%2F1/base/4"))!.bytes).includes("plain"));
  for (let i = 0; i < good.bytes.length; i++) {
    const bytes = good.bytes.slice();
    bytes[i]! ^= 1;
    await store.put(name, { ...good, bytes });
    assert.equal((await copies.read("ses_1", "tab/1") as { failed?: string }).failed, "damaged", `byte ${i}`);
  }
  await store.put("ses_1/t2/edits", good);
  await store.put("ses_1/t2/base/4", (await store.get("ses_1/tab%2F1/base/4"))!);
  assert.equal((await copies.read("ses_1", "t2") as { failed?: string }).failed, "damaged");
});

test("copies: removed copies are offered to nobody", async () => {
  const { store, copies } = await crashed();
  await copies.remove("ses_1", "tab/1");
  assert.deepEqual(await store.names(""), []);
});

test("copies: what was sent and not answered is kept apart, and edits are on top of it", async () => {
  const copies = new Copies(new MemoryStore(), sealer(new Keys()));
  const sent = { key: "k", patch: [{ op: "replace", path: "/a", value: 2 }] } as const;
  await copies.writeBase("s", "t", 4, { a: 1 });
  await copies.writeEdits("s", "t", { from: 4, version: 4, accepted: [], sent, dirty: [{ op: "add", path: "/b", value: 3 }] });
  assert.deepEqual(await copies.read("s", "t"), { session: "s", tab: "t", version: 4, base: { a: 1 }, sent, mine: { a: 2, b: 3 } });
});

test("copy keeper: ended before any step of its writes, the copy is that of an edit that was made, and never older than kept", async () => {
  for (let last = 0; ; last++) {
    const [keys, store] = [new Keys(), new MemoryStore()];
    let left = last;
    let die = () => {};
    const dead = new Promise<false>((resolve) => (die = () => resolve(false)));
    const step = (carryOut: () => Promise<void>) => {
      if (left-- > 0) return carryOut();
      die();
      return new Promise<void>(() => {});
    };
    const dying = {
      put: (name: string, record: Sealed) => step(() => store.put(name, record)),
      get: (name: string) => store.get(name),
      names: (start: string) => store.names(start),
      remove: (name: string) => step(() => store.remove(name)),
    };
    let n = 0;
    const base = () => (n < 5 ? { version: 1, base: { n: 0 } } : { version: 2, base: { n: 100 } });
    const keeper = new CopyKeeper(new Copies(dying, sealer(keys)), "s", "t", () => ({
      ...base(),
      dirty: [{ op: "replace", path: "/n", value: n }],
    }));
    let kept = 0;
    for (n = 1; n < 9; n++) {
      if (n === 5) keeper.rebased();
      keeper.keep();
      if (!(await Promise.race([keeper.kept().then(() => true), dead]))) break;
      kept = n;
    }
    const copy = (await new Copies(store, sealer(keys)).read("s", "t")) as Copy | undefined;
    if (kept > 0) assert.ok((copy!.mine["n"] as number) >= kept, `died before step ${last}`);
    if (copy !== undefined) assert.ok((copy.mine["n"] as number) <= n);
    if (kept === 8) {
      assert.deepEqual(await store.names(""), ["s/t/base/2", "s/t/edits"]);
      return;
    }
  }
});
