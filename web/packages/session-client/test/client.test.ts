import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionClient } from "../src/client.js";
import { Copies } from "../src/copies.js";
import type { JsonObject } from "../src/json.js";
import { MemoryStore } from "../src/memory_store.js";
import { chooseTheirs } from "../src/merge.js";
import { compare, found, type Offer } from "../src/recovery.js";
import { Keys, Network, sealer, Server, settle, TestPage } from "./world.js";

function world(document: JsonObject = { a: 1, todos: [] }) {
  const server = new Server(document);
  const network = new Network(server);
  const copies = new Copies(new MemoryStore(), sealer(new Keys()));
  const open = (tab: string) => {
    const page = new TestPage(tab);
    const { version, document } = server;
    const parts = { transport: network.transport(), copies, page };
    return { page, client: new SessionClient({ session: "s", tab, version, document }, parts) };
  };
  return { server, network, copies, open };
}

test("client: an edit is seen at once, saved after a while, and what is edited meanwhile is saved next", async () => {
  const { server, network, open } = world();
  const { page, client } = open("t");
  const states: string[] = [];
  client.watch(() => states.at(-1) !== client.state && states.push(client.state));
  client.set(["a"], 2);
  assert.deepEqual([client.document["a"], client.state, page.timers.size], [2, "unsaved", 1]);
  assert.equal(page.fire(), 1000);
  client.set(["a"], 3);
  client.insert(["todos", "-"], { id: 1 });
  network.finish(0);
  await settle();
  assert.deepEqual([server.document, client.state], [{ a: 2, todos: [] }, "unsaved"]);
  page.fire();
  network.finish(0);
  await settle();
  assert.deepEqual([server.document, client.state, client.version], [{ a: 3, todos: [{ id: 1 }] }, "saved", 3]);
  assert.deepEqual(states, ["unsaved", "saving", "unsaved", "saving", "saved"]);
  assert.equal(page.timers.size, 0);
});

test("client: an edit that is taken back needs no request", async () => {
  const { network, open } = world();
  const { page, client } = open("t");
  client.set(["a"], 2)();
  page.fire();
  await settle();
  assert.deepEqual([client.state, network.waiting.length], ["saved", 0]);
});

test("client: an undo after an answer was lost is not taken back by the merge", async () => {
  const { server, network, open } = world();
  const { page, client } = open("t");
  const undo = client.set(["a"], 2);
  page.fire();
  network.carryOut(0);
  network.lose(0);
  await settle();
  assert.equal(client.state, "offline");
  undo();
  for (let i = 0; i < 2; i++) {
    page.fire();
    network.finish(0);
    await settle();
  }
  assert.deepEqual([server.document["a"], server.version], [1, 3]);
});

test("client: offline, the waits grow up to a limit; hidden, there is no timer; back, it asks at once", async () => {
  const { network, open } = world();
  const { page, client } = open("t");
  client.set(["a"], 2);
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    waits.push(page.fire());
    network.lose(0);
    await settle();
  }
  assert.deepEqual(waits.slice(0, 5), [1000, 375, 750, 1500, 3000]);
  assert.equal(waits.at(-1), 45000);
  page.change({ shown: false });
  network.lose(0);
  await settle();
  assert.deepEqual([page.timers.size, network.waiting.length], [0, 0]);
  page.change({ shown: true });
  assert.equal(network.waiting.length, 1);
  network.lose(0, { kind: "unreachable", retryAfterMs: 90_000 });
  await settle();
  assert.equal(page.fire(), 90_000);
});

test("client: hidden, what is dirty goes out at once", async () => {
  const { network, open } = world();
  const { page, client } = open("t");
  client.set(["a"], 2);
  page.change({ shown: false });
  assert.deepEqual([network.waiting.length, page.timers.size], [1, 0]);
  client.set(["a"], 3);
  network.finish(0);
  await settle();
  assert.equal(network.waiting.length, 1);
});

test("client: signed out it waits for the person, and keeps the edits", async () => {
  const { server, network, copies, open } = world();
  const { page, client } = open("t");
  client.set(["a"], 2);
  page.fire();
  network.lose(0, { kind: "signed_out" });
  await settle();
  assert.deepEqual([client.state, page.timers.size], ["offline", 0]);
  await client.kept();
  assert.equal(((await copies.read("s", "t")) as { mine: JsonObject }).mine["a"], 2);
  void client.save();
  network.finish(0);
  await settle();
  assert.deepEqual([client.state, server.document["a"]], ["saved", 2]);
});

test("client: what is refused is told and tried again only after another edit", async () => {
  const { server, network, open } = world();
  const { page, client } = open("t");
  client.set(["a"], "much");
  page.fire();
  network.lose(0, { kind: "refused", code: "too_large", detail: "2 MiB of 1.5 MiB" });
  await settle();
  assert.deepEqual([client.state, client.failure?.kind, page.timers.size], ["unsaved", "refused", 0]);
  client.set(["a"], "less");
  assert.equal(client.failure, undefined);
  page.fire();
  network.finish(0);
  await settle();
  assert.equal(server.document["a"], "less");
});

test("client: two that change different parts are merged; one leaf is a conflict that a person ends", async () => {
  const { server, network, open } = world({ a: 1, b: 1 });
  const [one, two] = [open("1"), open("2")];
  one.client.set(["a"], 2);
  two.client.set(["b"], 2);
  for (const { page } of [one, two]) {
    page.fire();
    while (network.waiting.length > 0) {
      network.finish(0);
      await settle();
    }
  }
  assert.equal(two.client.state, "unsaved");
  two.page.fire();
  network.finish(0);
  await settle();
  assert.deepEqual(server.document, { a: 2, b: 2 });
  one.client.set(["b"], 3);
  one.page.fire();
  for (let i = 0; i < 2; i++) {
    network.finish(0);
    await settle();
  }
  assert.equal(one.client.state, "conflict");
  assert.deepEqual(one.client.conflict?.conflicts, [{ path: ["b"], base: 1, mine: 3, theirs: 2 }]);
  assert.equal(one.client.conflict?.current.who, "somebody");
  one.client.resolve("merge", chooseTheirs);
  assert.deepEqual([one.client.document, one.page.timers.size], [{ a: 2, b: 2 }, 1]);
});

test("client: mine saved as a copy leaves theirs here, and nothing is given up before the copy is there", async () => {
  const { server, network, open } = world();
  const { page, client } = open("t");
  server.patch(1, [{ op: "replace", path: "/a", value: "theirs" }], "x");
  client.set(["a"], "mine");
  page.fire();
  for (let i = 0; i < 2; i++) {
    network.finish(0);
    await settle();
  }
  const failed = client.saveCopy("k");
  network.lose(0);
  assert.deepEqual(await failed, { kind: "unreachable" });
  assert.deepEqual([client.state, client.document["a"]], ["conflict", "mine"]);
  const made = client.saveCopy("k");
  network.finish(0);
  assert.deepEqual(await made, { session: "ses_copy1" });
  assert.deepEqual([client.state, client.document["a"], server.others[0]?.["a"]], ["saved", "theirs", "mine"]);
});

test("recovery: a crash before the answer is offered, taken up once, and its copy goes", async () => {
  for (const carriedOut of [false, true]) {
    const { server, network, copies, open } = world();
    const { page, client } = open("old");
    client.set(["a"], 2);
    page.fire();
    if (carriedOut) network.carryOut(0);
    client.insert(["todos", "-"], { id: 7 });
    await client.kept();
    network.waiting.length = 0;
    const fresh = open("new");
    const { offers } = await found("s", server.document, copies, fresh.page);
    assert.equal(offers.length, 1);
    const offer = offers[0] as Offer;
    assert.equal(compare(offer.copy, server.document).edits.length, 2);
    const recovering = fresh.client.recover(offer.copy);
    for (let i = 0; i < 2; i++) {
      network.finish(0);
      await settle();
    }
    assert.equal(await recovering, undefined);
    assert.deepEqual(await copies.tabs("s"), ["new"]);
    fresh.page.fire();
    network.finish(0);
    await settle();
    assert.deepEqual([server.document, server.version], [{ a: 2, todos: [{ id: 7 }] }, 3]);
    assert.deepEqual((await found("s", server.document, copies, fresh.page)).offers, []);
  }
});

test("recovery: a living tab's copy is its own; what holds nothing new is not offered; a closed client leaves nothing", async () => {
  const { server, copies, open } = world();
  const { client } = open("t");
  client.set(["a"], 2);
  await client.kept();
  const alive = new TestPage("x", undefined, async () => true);
  assert.deepEqual(await found("s", server.document, copies, alive), { offers: [], lost: [] });
  server.patch(1, [{ op: "replace", path: "/a", value: 2 }], "other");
  assert.deepEqual(await found("s", server.document, copies, new TestPage("x")), { offers: [], lost: [] });
  assert.deepEqual(await copies.tabs("s"), []);
  const next = open("n").client;
  next.set(["a"], 9)();
  await next.save();
  await next.close();
  assert.deepEqual(await copies.tabs("s"), []);
  assert.throws(() => next.set(["a"], 1), /closed/);
});

test("client: one changed field of a large document makes a small request and reads little", async () => {
  const items = Array.from({ length: 20_000 }, (_, id) => ({ id, text: "some words of a todo" }));
  const { network, server, open } = world({ todos: items });
  const { page, client } = open("t");
  client.set(["todos", 4711, "text"], "other");
  assert.ok(JSON.stringify(client.changes()).length < 1024);
  page.fire();
  network.finish(0);
  await settle();
  assert.equal(client.state, "saved");
  assert.equal((server.document["todos"] as { text: string }[])[4711]?.text, "other");
});
