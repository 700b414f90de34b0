// Local unsaved copies, one per session and tab: what a crash, a lost line or an expired login must not take.
//
// A copy is two sealed records: `base`, the document as loaded (written once, it is as large as the document), and `edits`,
// the patches that were accepted since then and the one that was not. An edit costs a record of its own size.
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

export interface Edits {
  /** Of the base record. */
  readonly from: number;
  /** The version that `dirty` was made from: base and every accepted patch. */
  readonly version: number;
  readonly accepted: readonly Patch[];
  readonly dirty: Patch;
}

/** What a crash left behind. */
export interface Copy {
  readonly session: string;
  readonly tab: string;
  readonly version: number;
  readonly base: JsonObject;
  readonly mine: JsonObject;
}
export interface LostCopy {
  readonly session: string;
  readonly tab: string;
  readonly failed: "revoked" | "damaged" | "newer";
}

const prefix = (session: string) => `${encodeURIComponent(session)}/`;
const record = (session: string, tab: string, kind: "base" | "edits") => `${prefix(session)}${encodeURIComponent(tab)}/${kind}`;

export class Copies {
  constructor(
    private readonly store: CopyStore,
    private readonly sealer: Sealer,
  ) {}

  async writeBase(session: string, tab: string, version: number, document: JsonObject): Promise<void> {
    const name = record(session, tab, "base");
    await this.store.put(name, await this.sealer.seal(name, JSON.stringify({ version, document })));
  }

  async writeEdits(session: string, tab: string, edits: Edits): Promise<void> {
    const name = record(session, tab, "edits");
    await this.store.put(name, await this.sealer.seal(name, JSON.stringify(edits)));
  }

  async clearEdits(session: string, tab: string): Promise<void> {
    await this.store.remove(record(session, tab, "edits"));
  }

  /** Edits first: a base without edits is offered to nobody. */
  async remove(session: string, tab: string): Promise<void> {
    await this.clearEdits(session, tab);
    await this.store.remove(record(session, tab, "base"));
  }

  /** The tabs that left unsaved edits of a session. */
  async tabs(session: string): Promise<string[]> {
    const names = await this.store.names(prefix(session));
    return names.filter((name) => name.endsWith("/edits")).map((name) => decodeURIComponent(name.split("/")[1] as string));
  }

  /** An exception only when the store or the keys cannot be asked. */
  async read(session: string, tab: string): Promise<Copy | LostCopy> {
    const base = await this.open(record(session, tab, "base"));
    const edits = await this.open(record(session, tab, "edits"));
    for (const part of [base, edits]) if ("failed" in part) return { session, tab, failed: part.failed };
    try {
      return { session, tab, ...rebuilt(JSON.parse((base as { text: string }).text), JSON.parse((edits as { text: string }).text)) };
    } catch {
      return { session, tab, failed: "damaged" };
    }
  }

  private async open(name: string) {
    const sealed = await this.store.get(name);
    return sealed === undefined ? ({ failed: "damaged" } as const) : this.sealer.open(name, sealed);
  }
}

function rebuilt(loaded: { version: number; document: JsonObject }, edits: Edits) {
  if (loaded.version !== edits.from) throw new RangeError("the edits are of another base");
  const base = edits.accepted.reduce<Json>((document, patch) => apply(document, patch), loaded.document);
  return { version: edits.version, base: base as JsonObject, mine: apply(base, edits.dirty) as JsonObject };
}
