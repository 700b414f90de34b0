// What crashed tabs left of a session, offered before the session is opened: recover, compare, discard, or later.
import type { Copies, Copy, LostCopy } from "./copies.js";
import { equal, type Json, type JsonObject } from "./json.js";
import { merge } from "./merge.js";
import type { Page } from "./page.js";
import { apply, diff, type Patch } from "./patch.js";

export interface Offer {
  readonly copy: Copy;
  /** What recovering would change in the document that the server has now; conflicts take mine. */
  readonly changes: Patch;
  readonly conflicts: number;
}
export interface Found {
  readonly offers: readonly Offer[];
  /** Copies that cannot be read: told to the person, kept until discarded. */
  readonly lost: readonly LostCopy[];
}

/** Copies of tabs that are still open are theirs. A copy that holds nothing new is removed without a question. */
export async function found(session: string, theirs: JsonObject, copies: Copies, page: Page): Promise<Found> {
  const offers: Offer[] = [];
  const lost: LostCopy[] = [];
  for (const tab of await copies.tabs(session)) {
    if (await page.alive(tab)) continue;
    const copy = await copies.read(session, tab);
    if (copy === undefined) continue;
    if ("failed" in copy) {
      lost.push(copy);
      continue;
    }
    const offer = offered(copy, theirs);
    if (offer.changes.length > 0 || unsure(copy)) offers.push(offer);
    else await copies.remove(session, tab);
  }
  return { offers, lost };
}

/** A request without an answer may still come to be carried out, and what was edited after it would be undone. */
const unsure = (copy: Copy) => copy.sent !== undefined && !equal(apply(copy.base, copy.sent.patch), copy.mine);

function offered(copy: Copy, theirs: JsonObject): Offer {
  const { value, conflicts } = merge(copy.base, copy.mine, theirs);
  return { copy, changes: diff(theirs, value), conflicts: conflicts.length };
}

/** For "compare": what was edited, beside what the server has there now. */
export function compare(copy: Copy, theirs: JsonObject): { base: Json; mine: Json; theirs: Json; edits: Patch } {
  return { base: copy.base, mine: copy.mine, theirs, edits: diff(copy.base, copy.mine) };
}
