// JSON values that are never changed in place: a new value shares everything with the old one but the way to the change,
// so that "did this part change" is one comparison of references.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}
/** A member's name, or an item's index. */
export type Step = string | number;
export type Path = readonly Step[];

export const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Own members only: "__proto__" and "constructor" are names like any other. */
export const member = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isArray(a) && isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

function index(array: readonly Json[], step: Step, end: number): number {
  const i = typeof step === "number" ? step : /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  if (!Number.isInteger(i) || i < 0 || i > end) throw new RangeError(`no item ${step} in an array of ${array.length}`);
  return i;
}

/** What is at `path`, or undefined. */
export function at(value: Json, path: Path): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (isArray(here)) here = here[Number(step)];
    else if (isObject(here)) here = member(here, String(step));
    else return undefined;
  }
  return here;
}

function descend(value: Json, path: Path, depth: number, last: (parent: Json, step: Step) => Json): Json {
  const step = path[depth];
  if (step === undefined) throw new RangeError("the whole document has no parent");
  if (depth === path.length - 1) return last(value, step);
  if (isArray(value)) {
    const i = index(value, step, value.length - 1);
    const next = value.slice();
    next[i] = descend(value[i] as Json, path, depth + 1, last);
    return next;
  }
  const child = isObject(value) ? member(value, String(step)) : undefined;
  if (child === undefined) throw new RangeError(`nothing at /${path.slice(0, depth + 1).join("/")}`);
  return { ...(value as JsonObject), [String(step)]: descend(child, path, depth + 1, last) };
}

/** The value with `next` at `path`; parents must be there. An item replaces the one at its index. */
export function put(value: Json, path: Path, next: Json): Json {
  if (path.length === 0) return next;
  return descend(value, path, 0, (parent, step) => {
    if (isArray(parent)) {
      const copy = parent.slice();
      copy[index(parent, step, parent.length - 1)] = next;
      return copy;
    }
    if (!isObject(parent)) throw new RangeError(`no member ${step} in a ${typeof parent}`);
    return { ...parent, [String(step)]: next };
  });
}

/** Like put, but an item is inserted before the one at its index; "-" appends. */
export function insert(value: Json, path: Path, next: Json): Json {
  if (path.length === 0) return next;
  return descend(value, path, 0, (parent, step) => {
    if (!isArray(parent)) return put(parent, [step], next);
    const i = step === "-" ? parent.length : index(parent, step, parent.length);
    return [...parent.slice(0, i), next, ...parent.slice(i)];
  });
}

/** The value without what is at `path`, which must be there. */
export function remove(value: Json, path: Path): Json {
  return descend(value, path, 0, (parent, step) => {
    if (isArray(parent)) {
      const i = index(parent, step, parent.length - 1);
      return [...parent.slice(0, i), ...parent.slice(i + 1)];
    }
    if (!isObject(parent) || !Object.hasOwn(parent, String(step))) throw new RangeError(`no member ${step}`);
    return Object.fromEntries(Object.entries(parent).filter(([key]) => key !== String(step)));
  });
}

export type ItemId = string | number;

/** The items by their `id`, when every item is an object with an id of its own; else undefined. */
export function byId(array: readonly Json[]): Map<ItemId, JsonObject> | undefined {
  const items = new Map<ItemId, JsonObject>();
  for (const item of array) {
    const id = isObject(item) ? member(item, "id") : undefined;
    if ((typeof id !== "string" && typeof id !== "number") || items.has(id)) return undefined;
    items.set(id, item as JsonObject);
  }
  return items;
}
