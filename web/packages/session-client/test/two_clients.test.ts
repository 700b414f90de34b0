// Two people edit one session for 10,000 random steps, over a network that loses, delays and repeats, with crashes: no edit
// is lost, none comes back, and every recovery that was needed was offered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionClient } from "../src/client.js";
import { Copies, type CopyStore } from "../src/copies.js";
import type { Json, JsonObject } from "../src/json.js";
import { MemoryStore } from "../src/memory_store.js";
import { chooseMine, chooseTheirs } from "../src/merge.js";
import { found } from "../src/recovery.js";
import type { Sealed } from "../src/sealing.js";
import { generator, seed } from "./seed.js";
import { Network, Server, settle, SlowSealer, TestPage } from "./world.js";

const steps = 10_000;
type Item = { id: string; text: string };

/** The store as one tab sees it: a tab that crashed writes nothing any more. */
class TabStore implements CopyStore {
  alive = true;
  constructor(private readonly store: CopyStore) {}
  private lives<T>(does: () => Promise<T>): Promise<T> {
    return this.alive ? does() : new Promise<T>(() => {});
  }
  put = (name: string, record: Sealed) => this.lives(() => this.store.put(name, record));
  get = (name: string) => this.lives(() => this.store.get(name));
  names = (prefix: string) => this.lives(() => this.store.names(prefix));
  remove = (name: string) => this.lives(() => this.store.remove(name));
}

class Person {
  client: SessionClient | undefined;
  page: TestPage;
  private tabs = 0;
  private items = 0;
  readonly texts = new Map<string, string>();
  readonly removed = new Set<string>();
  shared: string[] = [];
  needed = 0;
  offered = 0;
  taken = 0;
  private recovering = false;

  constructor(
    readonly name: string,
    private readonly server: Server,
    private readonly network: Network,
    private readonly random: () => number,
  ) {
    this.page = this.newPage();
  }

  private readonly disk = new MemoryStore();
  private store = new TabStore(this.disk);

  private newPage(): TestPage {
    return new TestPage(`${this.name}${++this.tabs}`, this.random);
  }

  private pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)] as T;
  }

  /** Opens the page: what a crash left comes first. */
  async open(): Promise<void> {
    if (this.client !== undefined || this.recovering) return;
    this.recovering = true;
    this.page = this.newPage();
    const store = new TabStore(this.disk);
    this.store = store;
    const copies = new Copies(store, new SlowSealer(this.random));
    const { version, document } = this.server;
    const client = new SessionClient(
      { session: "s", tab: this.page.tab, version, document },
      { transport: this.network.transport(() => store.alive), copies, page: this.page },
    );
    const { offers, lost } = await found("s", document, copies, this.page);
    assert.deepEqual(lost, []);
    assert.ok(offers.length <= 1);
    const [offer] = offers;
    if (this.missing(document)) {
      this.needed++;
      if (offer !== undefined) this.offered++;
      assert.ok(offer !== undefined, "a recovery was needed and not offered");
    }
    if (offer === undefined) {
      this.client = client;
      this.recovering = false;
      return;
    }
    void client.recover(offer.copy).then(async (failure) => {
      this.recovering = false;
      if (failure !== undefined) return client.close();
      this.taken++;
      this.client = client;
    });
  }

  async crash(): Promise<void> {
    const { client } = this;
    if (client === undefined) return;
    await client.kept();
    assert.equal(client.copyProblem, undefined);
    this.client = undefined;
    this.store.alive = false;
    this.page.timers.clear();
    this.page.change = () => {};
  }

  /** Whether something that this person wrote, and nobody else writes to, is not what the server has. */
  private missing(document: JsonObject): boolean {
    const there = new Map((document["items"] as readonly Json[] as Item[]).map(({ id, text }) => [id, text]));
    return [...this.texts].some(([id, text]) => there.get(id) !== text) || [...this.removed].some((id) => there.has(id));
  }

  edit(): void {
    const { client } = this;
    if (client === undefined) return;
    const items = (client.document["items"] ?? []) as Item[];
    const mine = items.map((item, i) => ({ ...item, i })).filter((item) => item.id.startsWith(this.name));
    const kind = this.random();
    if (kind < 0.3 || mine.length === 0) {
      const id = `${this.name}.${++this.items}`;
      client.insert(["items", Math.floor(this.random() * (items.length + 1))], { id, text: "new" });
      this.texts.set(id, "new");
    } else if (kind < 0.5) {
      const { id, i } = this.pick(mine);
      client.remove(["items", i]);
      this.texts.delete(id);
      this.removed.add(id);
    } else if (kind < 0.9) {
      const { id, i } = this.pick(mine);
      const text = this.pick(["one", "two", "three"]); // few values: an edit often goes back to what the server had before
      client.set(["items", i, "text"], text);
      this.texts.set(id, text);
    } else {
      const value = `${this.name}${this.random()}`;
      client.set(["shared", this.pick(["x", "y"])], value);
      this.shared.push(value);
    }
  }

  decide(): void {
    if (this.client?.conflict === undefined) return;
    for (const { path } of this.client.conflict.conflicts) assert.equal(path[0], "shared", "a conflict where only one writes");
    const kind = this.random();
    if (kind < 0.4) this.client.resolve("merge", chooseMine);
    else this.client.resolve("merge", chooseTheirs);
  }
}

test(`two clients, ${steps} random steps with faults: no edit is lost`, async () => {
  const random = generator(seed);
  const server = new Server({ items: [], shared: { x: "", y: "" } });
  const network = new Network(server);
  const person = (name: string) => new Person(name, server, network, random);
  const people = [person("a"), person("b")];
  const any = () => people[Math.floor(random() * 2)] as Person;

  for (let step = 0; step < steps; step++) {
    const kind = random();
    const request = Math.floor(random() * network.waiting.length);
    if (kind < 0.4) any().edit();
    else if (kind < 0.6) any().page.fire();
    else if (kind < 0.85 && network.waiting.length > 0) {
      const luck = random();
      if (luck < 0.6) network.finish(request);
      else if (luck < 0.75) network.carryOut(request);
      else if (luck < 0.95) network.lose(request, { kind: "unreachable" }, random() < 0.5);
      else network.lose(request, { kind: "signed_out" });
    } else if (kind < 0.9) any().page.change({ shown: random() < 0.7, line: random() < 0.8 });
    else if (kind < 0.95) any().decide();
    else if (kind < 0.96) await any().crash();
    else await any().open();
    if (random() < 0.5) await settle();
  }
  for (let rounds = 0; people.some(({ client }) => client?.state !== "saved") || network.waiting.length > 0; rounds++) {
    assert.ok(rounds < 1000, "does not come to rest");
    for (const one of people) {
      await one.open();
      one.decide();
      if (!one.page.shown || !one.page.line) one.page.change({ shown: true, line: true });
      one.page.fire();
      void one.client?.save();
    }
    while (network.waiting.length > 0) network.finish(0);
    await settle();
  }

  const items = server.document["items"] as readonly Json[] as Item[];
  const expected = new Map([...(people[0] as Person).texts, ...(people[1] as Person).texts]);
  assert.equal(items.length, expected.size);
  for (const { id, text } of items) assert.equal(text, expected.get(id), id);
  const written = people.flatMap(({ shared }) => shared);
  for (const value of Object.values(server.document["shared"] as JsonObject)) assert.ok(written.includes(value as string));
  const sum = (of: (person: Person) => number) => people.reduce((n, person) => n + of(person), 0);
  const [needed, offered, taken] = [sum((person) => person.needed), sum((person) => person.offered), sum((person) => person.taken)];
  console.log(`versions ${server.version}, items ${items.length}, recoveries offered / needed: ${offered} / ${needed}; taken up ${taken}`);
  assert.equal(offered, needed);
  assert.ok(needed > 5 && taken > 5 && server.version > 300);
});
