// Three-way merge of documents, part by part; array items by their `id`. What only one side changed is taken from it. Both
// changed the same leaf differently: a conflict, decided by `choose`. An edit beats a removal: nothing that somebody wrote
// goes away because somebody else did not know of it.
import { byId, equal, type ItemId, isArray, isObject, type Json, type JsonObject, member } from "./json.js";

export interface Conflict {
  /** For people and for `choose`: member names, and `#id` for an item. */
  readonly path: readonly string[];
  /** undefined: was not there. */
  readonly base: Json | undefined;
  readonly mine: Json;
  readonly theirs: Json;
}
export type Choose = (conflict: Conflict) => Json;
export interface Merged {
  readonly value: Json;
  readonly conflicts: readonly Conflict[];
}

export const chooseMine: Choose = (conflict) => conflict.mine;
export const chooseTheirs: Choose = (conflict) => conflict.theirs;

export function merge(base: Json, mine: Json, theirs: Json, choose: Choose = chooseMine): Merged {
  const conflicts: Conflict[] = [];
  const both = (b: Json | undefined, m: Json | undefined, t: Json | undefined, path: string[]): Json | undefined => {
    if (m === t || equal(m, t)) return t;
    if (equal(b, m)) return t;
    if (equal(b, t)) return m;
    if (m === undefined) return t;
    if (t === undefined) return m;
    if (isObject(m) && isObject(t)) return members(isObject(b) ? b : {}, m, t, path);
    if (isArray(m) && isArray(t)) {
      const [bs, ms, ts] = [byId(isArray(b) ? b : []), byId(m), byId(t)];
      if (bs !== undefined && ms !== undefined && ts !== undefined) return items(bs, ms, ts, path);
    }
    const conflict = { path, base: b, mine: m, theirs: t };
    conflicts.push(conflict);
    return choose(conflict);
  };
  const members = (b: JsonObject, m: JsonObject, t: JsonObject, path: string[]): Json => {
    const entries: [string, Json][] = [];
    for (const key of new Set([...Object.keys(t), ...Object.keys(m)])) {
      const value = both(member(b, key), member(m, key), member(t, key), [...path, key]);
      if (value !== undefined) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  };
  const items = (b: Items, m: Items, t: Items, path: string[]): Json => {
    const merged: Json[] = [];
    for (const id of order(b, m, t)) {
      const value = both(b.get(id), m.get(id), t.get(id), [...path, `#${id}`]);
      if (value !== undefined) merged.push(value);
    }
    return merged;
  };
  return { value: both(base, mine, theirs, []) as Json, conflicts };
}

type Items = ReadonlyMap<ItemId, JsonObject>;

/** All ids: in the order of the side that moved items (mine, when both did), the other's new ones after their neighbours. */
function order(base: Items, mine: Items, theirs: Items): ItemId[] {
  const common = (side: Items) => [...side.keys()].filter((id) => base.has(id) && mine.has(id) && theirs.has(id));
  const unmoved = common(base);
  const moved = common(mine).some((id, i) => id !== unmoved[i]);
  const [first, second] = moved ? [mine, theirs] : [theirs, mine];
  const following = new Map<ItemId | undefined, ItemId[]>();
  let before: ItemId | undefined;
  for (const id of second.keys()) {
    if (first.has(id)) before = id;
    else following.set(before, [...(following.get(before) ?? []), id]);
  }
  const ids = [...(following.get(undefined) ?? [])];
  for (const id of first.keys()) ids.push(id, ...(following.get(id) ?? []));
  return ids;
}
