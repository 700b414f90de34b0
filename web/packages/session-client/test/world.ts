// The world around clients, in the hands of a test: a server that keeps its promises, a network that keeps none, pages.
import { webcrypto } from "node:crypto";
import { canonical } from "../src/canonical.js";
import type { JsonObject } from "../src/json.js";
import type { Page } from "../src/page.js";
import { apply, type Patch } from "../src/patch.js";
import { type DeviceKey, type Opened, type Sealed, Sealer } from "../src/sealing.js";
import type { Created, Failure, Loaded, Saved, Transport } from "../src/transport.js";

export class Server {
  readonly versions: JsonObject[] = [];
  readonly made = new Map<string, number>();
  readonly others: JsonObject[] = [];
  constructor(document: JsonObject) {
    this.versions.push(document);
  }

  get version(): number {
    return this.versions.length;
  }

  get document(): JsonObject {
    return this.versions.at(-1) as JsonObject;
  }

  load(): Loaded {
    return { kind: "loaded", version: this.version, document: JSON.parse(canonical(this.document)) as JsonObject };
  }

  patch(version: number, patch: Patch, key: string): Saved {
    const before = this.made.get(key);
    if (before !== undefined) return { kind: "saved", version: before };
    if (version !== this.version) return { kind: "stale", current: { version: this.version, who: "somebody" } };
    this.versions.push(apply(this.document, JSON.parse(JSON.stringify(patch)) as Patch) as JsonObject);
    this.made.set(key, this.version);
    return { kind: "saved", version: this.version };
  }

  copy(document: JsonObject): Created {
    this.others.push(document);
    return { kind: "created", session: `ses_copy${this.others.length}` };
  }
}

interface Request {
  carryOut(): unknown;
  answer(value: unknown): void;
  carried?: { readonly value: unknown };
}

/** Requests wait until the test decides: carried out, answered, or lost before or after. */
export class Network {
  readonly waiting: Request[] = [];
  constructor(private readonly server: Server) {}

  /** A tab that is no longer there gets no answer; what it sent still goes about. */
  transport(there: () => boolean = () => true): Transport {
    const ask = <T>(carryOut: () => T) =>
      new Promise<T | Failure>((resolve) => {
        const answer = (value: unknown) => there() && resolve(value as T);
        this.waiting.push({ carryOut, answer });
      });
    return {
      load: () => ask(() => this.server.load()),
      patch: (_, version, patch, key) => ask(() => this.server.patch(version, patch, key)),
      copy: (_, document) => ask(() => this.server.copy(document)),
    };
  }

  carryOut(i: number): void {
    const request = this.waiting[i] as Request;
    request.carried ??= { value: request.carryOut() };
  }

  /** Carried out, if it was not yet, and answered. */
  finish(i: number): void {
    this.carryOut(i);
    const [request] = this.waiting.splice(i, 1) as [Request];
    request.answer(request.carried?.value);
  }

  /** No answer; it may have been carried out. With `later` it still goes about, and may be carried out after this. */
  lose(i: number, failure: Failure = { kind: "unreachable" }, later = false): void {
    const [request] = this.waiting.splice(i, 1) as [Request];
    request.answer(failure);
    if (later) this.waiting.push({ carryOut: () => request.carryOut(), answer: () => {} });
  }
}

export class TestPage implements Page {
  shown = true;
  line = true;
  readonly timers = new Set<{ ms: number; then: () => void }>();
  private readonly watchers = new Set<() => void>();
  private keys = 0;
  constructor(
    readonly tab: string,
    readonly random: () => number = () => 0.5,
    readonly alive: (tab: string) => Promise<boolean> = async () => false,
  ) {}

  visible(): boolean {
    return this.shown;
  }
  online(): boolean {
    return this.line;
  }
  onChange(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }
  after(ms: number, then: () => void): () => void {
    const timer = { ms, then };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  key(): string {
    return `${this.tab}/${++this.keys}`;
  }

  change(change: { shown?: boolean; line?: boolean }): void {
    Object.assign(this, change);
    for (const changed of [...this.watchers]) changed();
  }
  /** All timers that run now; how long the longest had to wait. */
  fire(): number {
    const timers = [...this.timers];
    this.timers.clear();
    for (const timer of timers) timer.then();
    return Math.max(0, ...timers.map((timer) => timer.ms));
  }
}

export class Keys {
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

export const sealer = (keys: Keys) =>
  new Sealer(keys, webcrypto.subtle as SubtleCrypto, (size) => webcrypto.getRandomValues(new Uint8Array(size)));

/** Seals nothing, in a time that the seed decides: real cryptography runs on threads, and no seed would repeat a run. */
export class SlowSealer extends Sealer {
  constructor(private readonly chance: () => number) {
    super(new Keys());
  }
  override async seal(_name: string, text: string): Promise<Sealed> {
    await this.aWhile();
    return { format: 1, key: "", nonce: new Uint8Array(), bytes: new TextEncoder().encode(text) };
  }
  override async open(_name: string, sealed: Sealed): Promise<Opened> {
    await this.aWhile();
    return { text: new TextDecoder().decode(sealed.bytes) };
  }
  private async aWhile(): Promise<void> {
    for (let turns = Math.floor(this.chance() * 8); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets everything that needs nothing from outside come to its end. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
