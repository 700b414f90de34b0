// Local unsaved copies, one per session and tab: what a crash, a lost line or an expired login must not take.
//
// A copy is two sealed records: a base, the document as loaded (written once, it is as large as the document), and the edits:
// the patches that were accepted since then, the one whose outcome is not known yet, and what was edited after it. An edit
// costs a record of the size of what is unsaved. A base is named by its version: the next one is written beside it, and the
// edits, in one step, go over to it.
import type { Json, JsonObject } from "./json.js";
import { apply, type Patch } from "./patch.js";
import type { Sealed, Sealer } from "./sealing.js";

/** Named records that outlive the page. Each put is whole or not there. */
export interface CopyStore {
  put(name: string, record: Sealed): Promise<void>;
  get(name: string): Promise<Sealed | undefined>;
  names(prefix: string): Promise<string[]>;
  remove(name: string): Promise<void>;
}

/** A request that is out, or had no answer: repeating it with its key tells whether it was carried out. */
export interface Sent {
  readonly key: string;
  readonly patch: Patch;
}

export interface Edits {
  /** Of the base record. */
  readonly from: number;
  /** The version that `sent`, or else `dirty`, was made from: base and every accepted patch. */
  readonly version: number;
  readonly accepted: readonly Patch[];
  readonly sent?: Sent;
  /** On top of `sent`. */
  readonly dirty: Patch;
}

/** What a crash left behind. */
export interface Copy {
  readonly session: string;
  readonly tab: string;
  readonly version: number;
  readonly base: JsonObject;
  readonly sent?: Sent;
  readonly mine: JsonObject;
}
export interface LostCopy {
  readonly session: string;
  readonly tab: string;
  readonly failed: "revoked" | "damaged" | "newer";
}

const prefix = (session: string) => `${encodeURIComponent(session)}/`;
const tabPrefix = (session: string, tab: string) => `${prefix(session)}${encodeURIComponent(tab)}/`;
const editsName = (session: string, tab: string) => `${tabPrefix(session, tab)}edits`;
const baseName = (session: string, tab: string, version: number) => `${tabPrefix(session, tab)}base/${version}`;

export class Copies {
  constructor(
    private readonly store: CopyStore,
    private readonly sealer: Sealer,
  ) {}

  async writeBase(session: string, tab: string, version: number, document: JsonObject): Promise<void> {
    const name = baseName(session, tab, version);
    await this.store.put(name, await this.sealer.seal(name, JSON.stringify(document)));
  }

  async writeEdits(session: string, tab: string, edits: Edits): Promise<void> {
    const name = editsName(session, tab);
    await this.store.put(name, await this.sealer.seal(name, JSON.stringify(edits)));
  }

  /** Bases that no edits are made from any more. */
  async removeBasesBut(session: string, tab: string, version: number): Promise<void> {
    const kept = baseName(session, tab, version);
    for (const name of await this.store.names(`${tabPrefix(session, tab)}base/`)) if (name !== kept) await this.store.remove(name);
  }

  async clearEdits(session: string, tab: string): Promise<void> {
    await this.store.remove(editsName(session, tab));
  }

  /** Edits first: a base without edits is offered to nobody. */
  async remove(session: string, tab: string): Promise<void> {
    await this.clearEdits(session, tab);
    for (const name of await this.store.names(tabPrefix(session, tab))) await this.store.remove(name);
  }

  /** The tabs that left unsaved edits of a session. */
  async tabs(session: string): Promise<string[]> {
    const names = await this.store.names(prefix(session));
    return names.filter((name) => name.endsWith("/edits")).map((name) => decodeURIComponent(name.split("/")[1] as string));
  }

  /** undefined: there is none. An exception only when the store or the keys cannot be asked. */
  async read(session: string, tab: string): Promise<Copy | LostCopy | undefined> {
    const lost = (failed: LostCopy["failed"]): LostCopy => ({ session, tab, failed });
    const edits = await this.open(editsName(session, tab));
    if (edits === undefined) return undefined;
    if ("failed" in edits) return lost(edits.failed);
    try {
      const parsed = JSON.parse(edits.text) as Edits;
      const base = await this.open(baseName(session, tab, parsed.from));
      if (base === undefined) return lost("damaged");
      return "failed" in base ? lost(base.failed) : { session, tab, ...rebuilt(JSON.parse(base.text) as JsonObject, parsed) };
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) return lost("damaged");
      throw error;
    }
  }

  private async open(name: string) {
    const sealed = await this.store.get(name);
    return sealed === undefined ? undefined : this.sealer.open(name, sealed);
  }
}

function rebuilt(loaded: JsonObject, edits: Edits) {
  const { version, sent } = edits;
  const base = edits.accepted.reduce<Json>((document, patch) => apply(document, patch), loaded);
  const mine = apply(sent === undefined ? base : apply(base, sent.patch), edits.dirty);
  return { version, base: base as JsonObject, mine: mine as JsonObject, ...(sent === undefined ? {} : { sent }) };
}
