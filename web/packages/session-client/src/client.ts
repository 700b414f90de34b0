// One open session: edits are seen at once, kept as a local copy, and saved one after the other.
//
// State: saved (the server has all), unsaved (edits wait), saving (a request is out; edits meanwhile stay dirty), offline
// (the last request had no answer; the local copy holds the edits and the client tries again), conflict (both changed the
// same leaf: a person decides; edits are still kept). Versions decide; no clock is read.
//
// A request without an answer may have been carried out. It is repeated as it was, with its key, until its outcome is known;
// only then later edits follow. Guessing from the server's document instead would take back an undo, or make a conflict of
// one's own earlier edit.
import { canonical } from "./canonical.js";
import type { Copies, Copy, Sent } from "./copies.js";
import { CopyKeeper } from "./copy_keeper.js";
import { at, equal, insert, isArray, isObject, type Json, type JsonObject, type Path, put, remove } from "./json.js";
import { type Choose, chooseMine, type Conflict, merge } from "./merge.js";
import type { Page } from "./page.js";
import { apply, diff, type Patch } from "./patch.js";
import { everything, Touched } from "./touched.js";
import type { Current, Failure, Transport } from "./transport.js";

export type State = "saved" | "unsaved" | "saving" | "offline" | "conflict";

export interface Timing {
  /** From an edit to its save. */
  readonly saveAfterMs: number;
  /** The first wait without an answer; doubled each time, between half of it and all of it. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
}
export const usualTiming: Timing = { saveAfterMs: 1000, retryMs: 500, retryMaxMs: 60_000 };

export interface Parts {
  readonly transport: Transport;
  readonly copies: Copies;
  readonly page: Page;
  readonly timing?: Timing;
}
export interface Start {
  readonly session: string;
  readonly tab: string;
  readonly version: number;
  readonly document: JsonObject;
}
export interface OpenConflict {
  readonly version: number;
  readonly theirs: JsonObject;
  readonly conflicts: readonly Conflict[];
  /** Who made the version that is there now. */
  readonly current: Current;
}

interface Base {
  readonly version: number;
  readonly document: JsonObject;
}
interface Out extends Sent {
  readonly document: JsonObject;
  readonly touched: Touched;
}

export class SessionClient {
  private base: Base;
  private now: JsonObject;
  /** Of what differs between `now` and what was sent, or else the base. */
  private dirty = new Touched();
  private out: Out | undefined;
  private running = false;
  private failures = 0;
  private failed: Failure | undefined;
  private open: OpenConflict | undefined;
  private closed = false;
  private stopTimer: (() => void) | undefined;
  private readonly stopWatching: () => void;
  private readonly watchers = new Set<() => void>();
  private readonly timing: Timing;
  private readonly keeper: CopyKeeper;

  constructor(
    private readonly start: Start,
    private readonly parts: Parts,
  ) {
    this.base = { version: start.version, document: start.document };
    this.now = start.document;
    this.timing = parts.timing ?? usualTiming;
    this.keeper = new CopyKeeper(parts.copies, start.session, start.tab, () => this.unsaved());
    this.stopWatching = parts.page.onChange(() => this.pageChanged());
  }

  get document(): JsonObject {
    return this.now;
  }

  /** The newest version that this client knows of. */
  get version(): number {
    return this.base.version;
  }

  get state(): State {
    if (this.open !== undefined) return "conflict";
    if (this.running) return "saving";
    if (this.out === undefined && this.dirty.empty) return "saved";
    return this.failed?.kind === "unreachable" || this.failed?.kind === "signed_out" ? "offline" : "unsaved";
  }

  /** Why the last request did not succeed; undefined once one did, or, of a refusal, after the next edit. */
  get failure(): Failure | undefined {
    return this.failed;
  }

  get conflict(): OpenConflict | undefined {
    return this.open;
  }

  /** Why there is no local copy of the latest edits, when there is none. */
  get copyProblem(): unknown {
    return this.keeper.problem;
  }

  /** Calls back after every change of document or state; returns how to stop it. */
  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  /** Sets a member, or replaces an item. Returns how to take it back, as long as nothing else was written there. */
  set(path: Path, value: Json): () => void {
    canonical(value);
    const before = at(this.now, path);
    this.edit(put(this.now, path, value), path);
    return () => {
      if (at(this.now, path) !== value) return;
      if (before === undefined) this.remove(path);
      else this.set(path, before);
    };
  }

  /** Inserts an item; "-" as last step appends. */
  insert(path: Path, value: Json): void {
    canonical(value);
    this.edit(insert(this.now, path, value), path.slice(0, -1));
  }

  remove(path: Path): void {
    const parent = at(this.now, path.slice(0, -1));
    this.edit(remove(this.now, path), isArray(parent) ? path.slice(0, -1) : path);
  }

  /** Back to the last saved version, or in a conflict to theirs. Not while a save is out: it may be carried out. */
  rollback(): void {
    if (this.out !== undefined) throw new Error("a save is out: its outcome comes first");
    if (this.open !== undefined) this.base = { version: this.open.version, document: this.open.theirs };
    this.take(this.base.document, new Touched());
  }

  /** What the server does not have yet, as a patch on what was sent last, or else on `version`. */
  changes(): Patch {
    return diff(this.out?.document ?? this.base.document, this.now, this.dirty);
  }

  /** Sends what is dirty, or repeats what had no answer. Over when this request's outcome is known; `state` tells it. */
  async save(): Promise<void> {
    if (this.running || this.open !== undefined || this.closed) return;
    this.cancelTimer();
    this.out ??= this.next();
    if (this.out === undefined) return;
    this.running = true;
    this.keeper.keep();
    this.tell();
    const { key, patch } = this.out;
    const answer = await this.parts.transport.patch(this.start.session, this.base.version, patch, key);
    if (answer.kind === "saved") this.accepted(this.out, answer.version);
    else if (answer.kind === "stale") await this.mergeWith(answer.current);
    else this.missed(answer);
    this.running = false;
    this.keeper.keep();
    this.schedule();
    this.tell();
  }

  /** Ends a conflict: "merge" asks `choose` for each leaf, "overwrite" takes mine. `saveCopy` is the third way. */
  resolve(how: "merge" | "overwrite", choose: Choose = chooseMine): void {
    const open = this.open;
    if (open === undefined) throw new Error("there is no conflict");
    const value = how === "overwrite" ? this.now : merge(this.base.document, this.now, open.theirs, choose).value;
    this.base = { version: open.version, document: open.theirs };
    this.take(value as JsonObject, everything());
  }

  /** Saves mine as another session, whose id is the answer, and takes theirs here. Nothing is given up before it is there. */
  async saveCopy(key: string): Promise<{ session: string } | Failure> {
    const open = this.open;
    const mine = this.now;
    const answer = await this.parts.transport.copy(this.start.session, mine, key);
    if (answer.kind !== "created") return answer;
    if (open !== undefined && this.open === open && this.now === mine) this.rollback();
    return { session: answer.session };
  }

  /** Takes up what a crash left, before anything is edited here: the outcome of what was sent is found out, the rest is
      merged. The copy is removed when this tab's own holds its edits; after a failure it is as it was. */
  async recover(copy: Copy): Promise<Failure | undefined> {
    if (this.state !== "saved") throw new Error("recover before editing");
    const { session, sent, mine } = copy;
    let base = copy.base;
    if (sent !== undefined) {
      const answer = await this.parts.transport.patch(session, copy.version, sent.patch, sent.key);
      if (answer.kind === "saved") base = apply(base, sent.patch) as JsonObject;
      else if (answer.kind !== "stale") return answer;
    }
    const loaded = await this.parts.transport.load(session);
    if (loaded.kind !== "loaded") return loaded;
    if (this.state !== "saved") throw new Error("recover before editing");
    this.now = mine;
    this.base = { version: copy.version, document: base };
    this.meet(loaded, { version: loaded.version });
    this.keeper.keep();
    this.schedule();
    this.tell();
    await this.kept();
    if (this.copyProblem === undefined) await this.parts.copies.remove(session, copy.tab);
    return undefined;
  }

  /** Over when the local copy holds every edit so far (or `copyProblem` says why not). */
  kept(): Promise<void> {
    return this.keeper.kept();
  }

  /** Stops. The local copy stays when there is something unsaved. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelTimer();
    this.stopWatching();
    await this.kept();
    if (this.state === "saved") await this.parts.copies.remove(this.start.session, this.start.tab);
  }

  private edit(next: Json, path: Path): void {
    if (this.closed) throw new Error("the session is closed");
    if (!isObject(next)) throw new TypeError("a document is an object");
    this.now = next;
    this.dirty.mark(path);
    if (this.failed?.kind === "refused") this.failed = undefined;
    this.keeper.keep();
    this.schedule();
    this.tell();
  }

  private unsaved() {
    if (this.out === undefined && this.dirty.empty) return undefined;
    const sent = this.out === undefined ? {} : { sent: { key: this.out.key, patch: this.out.patch } };
    return { version: this.base.version, base: this.base.document, ...sent, dirty: this.changes() };
  }

  /** The request for what is dirty; undefined when nothing differs in the end. */
  private next(): Out | undefined {
    const patch = this.changes();
    const touched = this.dirty;
    if (!touched.empty) this.dirty = new Touched();
    if (patch.length > 0) return { key: this.parts.page.key(), patch, document: this.now, touched };
    if (touched.empty) return undefined;
    this.keeper.keep();
    this.tell();
    return undefined;
  }

  private succeeded(): void {
    this.failed = undefined;
    this.failures = 0;
  }

  private accepted(out: Out, version: number): void {
    this.base = { version, document: out.document };
    this.out = undefined;
    this.succeeded();
    this.keeper.accepted(out.patch);
  }

  private missed(failure: Failure): void {
    this.failed = failure;
    this.failures++;
    if (failure.kind === "refused") this.giveBack();
  }

  /** What was sent was not carried out, for sure. */
  private giveBack(): void {
    if (this.out !== undefined) this.dirty = this.dirty.with(this.out.touched);
    this.out = undefined;
  }

  private async mergeWith(current: Current): Promise<void> {
    this.giveBack();
    const loaded = await this.parts.transport.load(this.start.session);
    if (loaded.kind !== "loaded") this.missed(loaded);
    else this.meet(loaded, current);
  }

  /** The server has another document than the base: what is free of conflicts is merged, and what differs saved. */
  private meet(theirs: Base, current: Current): void {
    this.succeeded();
    const merged = merge(this.base.document, this.now, theirs.document);
    this.keeper.rebased();
    if (merged.conflicts.length > 0) {
      this.dirty = everything();
      this.open = { version: theirs.version, theirs: theirs.document, conflicts: merged.conflicts, current };
      return;
    }
    this.base = { version: theirs.version, document: theirs.document };
    this.now = merged.value as JsonObject;
    this.dirty = equal(this.now, theirs.document) ? new Touched() : everything();
  }

  /** A decision of a person: this document, on the base as it is now. */
  private take(document: JsonObject, touched: Touched): void {
    this.open = undefined;
    this.failed = undefined;
    this.now = document;
    this.dirty = touched;
    this.keeper.rebased();
    this.keeper.keep();
    this.schedule();
    this.tell();
  }

  private schedule(): void {
    if (this.closed || this.running || this.open !== undefined || (this.out === undefined && this.dirty.empty)) return;
    const { page } = this.parts;
    if (!page.visible()) {
      this.cancelTimer();
      if (this.failed === undefined) void this.save();
      return;
    }
    if (this.stopTimer !== undefined || !page.online()) return;
    if (this.failed?.kind === "signed_out" || this.failed?.kind === "refused") return;
    this.stopTimer = page.after(this.wait(), () => {
      this.stopTimer = undefined;
      void this.save();
    });
  }

  private wait(): number {
    if (this.failures === 0) return this.timing.saveAfterMs;
    const most = Math.min(this.timing.retryMaxMs, this.timing.retryMs * 2 ** Math.min(this.failures - 1, 30));
    const asked = this.failed?.kind === "unreachable" ? (this.failed.retryAfterMs ?? 0) : 0;
    return Math.max(asked, most / 2 + (most / 2) * this.parts.page.random());
  }

  /** Hidden: no timer, what is dirty goes out at once. Back, or online again: at once too. */
  private pageChanged(): void {
    this.cancelTimer();
    if (this.parts.page.online() && this.failed?.kind !== "refused") void this.save();
  }

  private cancelTimer(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
  }

  private tell(): void {
    for (const changed of this.watchers) changed();
  }
}
