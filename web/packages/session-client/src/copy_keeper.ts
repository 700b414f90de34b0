// Keeps the local copy of one open session up with its edits: one write runs, and one more waits for all that came meanwhile.
import type { Copies, Sent } from "./copies.js";
import type { JsonObject } from "./json.js";
import type { Patch } from "./patch.js";

export interface Unsaved {
  readonly version: number;
  readonly base: JsonObject;
  readonly sent?: Sent;
  readonly dirty: Patch;
}

/** When accepted patches of a copy outgrow this many characters, the copy gets a new base. */
const acceptedLimit = 64 * 1024;

interface Written {
  readonly from: number;
  readonly accepted: Patch[];
  size: number;
}

export class CopyKeeper {
  private written: Written | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private problem_: unknown;

  constructor(
    private readonly copies: Copies,
    private readonly session: string,
    private readonly tab: string,
    /** undefined: nothing is unsaved. */
    private readonly unsaved: () => Unsaved | undefined,
  ) {}

  /** Why there is no local copy of the latest edits, when there is none. */
  get problem(): unknown {
    return this.problem_;
  }

  /** The base has become what it was with this patch. */
  accepted(patch: Patch): void {
    if (this.written === undefined) return;
    this.written.accepted.push(patch);
    this.written.size += JSON.stringify(patch).length;
    if (this.written.size > acceptedLimit) this.written = undefined;
  }

  /** The base has become another document. */
  rebased(): void {
    this.written = undefined;
  }

  keep(): void {
    if (this.running !== undefined) {
      this.again = true;
      return;
    }
    this.running = this.write().finally(() => {
      this.running = undefined;
      if (!this.again) return;
      this.again = false;
      this.keep();
    });
  }

  /** Over when the copy holds every edit so far, or `problem` says why not. */
  async kept(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async write(): Promise<void> {
    try {
      const unsaved = this.unsaved();
      if (unsaved === undefined) await this.copies.clearEdits(this.session, this.tab);
      else await this.writeEdits(unsaved);
      this.problem_ = undefined;
    } catch (error) {
      this.problem_ = error;
    }
  }

  private async writeEdits(unsaved: Unsaved): Promise<void> {
    const { version, base, ...rest } = unsaved;
    const fresh = this.written === undefined;
    const written = this.written ?? { from: version, accepted: [], size: 0 };
    this.written = written;
    const edits = { from: written.from, version, accepted: [...written.accepted], ...rest };
    try {
      if (fresh) await this.copies.writeBase(this.session, this.tab, version, base);
      await this.copies.writeEdits(this.session, this.tab, edits);
      if (fresh) await this.copies.removeBasesBut(this.session, this.tab, version);
    } catch (error) {
      if (this.written === written) this.written = undefined;
      throw error;
    }
  }
}
