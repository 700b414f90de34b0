// Which parts of a document may differ from the version that was saved: a tree of the paths that were written. What is not
// in it is not looked at when the difference is made.
import type { Path } from "./json.js";

export class Touched {
  private whole = false;
  private readonly below = new Map<string, Touched>();

  get empty(): boolean {
    return !this.whole && this.below.size === 0;
  }

  /** The parts to look at, or "all". */
  get parts(): ReadonlyMap<string, Touched> | "all" {
    return this.whole ? "all" : this.below;
  }

  mark(path: Path): void {
    let here: Touched = this;
    for (const step of path) {
      if (here.whole) return;
      const key = String(step);
      let next = here.below.get(key);
      if (next === undefined) {
        next = new Touched();
        here.below.set(key, next);
      }
      here = next;
    }
    here.whole = true;
    here.below.clear();
  }

  /** Both: what a failed save had taken is dirty again. */
  with(other: Touched): Touched {
    const both = new Touched();
    both.add(this);
    both.add(other);
    return both;
  }

  private add(other: Touched): void {
    if (this.whole) return;
    if (other.whole) {
      this.mark([]);
      return;
    }
    for (const [key, part] of other.below) {
      const mine = this.below.get(key) ?? new Touched();
      mine.add(part);
      this.below.set(key, mine);
    }
  }
}

export function everything(): Touched {
  const all = new Touched();
  all.mark([]);
  return all;
}
