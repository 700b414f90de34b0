// JSON Patch (RFC 6902): applied, and made of what was touched. Array items with an `id` are followed by it, so that one
// inserted item is one operation.
import {
  at,
  byId,
  equal,
  insert,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  member,
  type Path,
  put,
  remove,
} from "./json.js";
import type { Touched } from "./touched.js";

export type Operation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly path: string; readonly from: string };
export type Patch = readonly Operation[];

export const pointer = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

export function parsePointer(text: string): string[] {
  if (text === "") return [];
  if (!text.startsWith("/")) throw new RangeError(`no JSON pointer: ${text}`);
  return text
    .slice(1)
    .split("/")
    .map((step) => {
      if (/~(?![01])/.test(step)) throw new RangeError(`no JSON pointer: ${text}`);
      return step.replaceAll("~1", "/").replaceAll("~0", "~");
    });
}

function found(value: Json, path: Path): Json {
  const here = at(value, path);
  if (here === undefined) throw new RangeError(`nothing at ${pointer(path)}`);
  return here;
}

/** All of it or, with an exception, nothing: the value itself never changes. */
export function apply(value: Json, patch: Patch): Json {
  return patch.reduce((here: Json, operation) => {
    const path = parsePointer(operation.path);
    switch (operation.op) {
      case "add":
        return insert(here, path, operation.value);
      case "replace":
        found(here, path);
        return put(here, path, operation.value);
      case "test":
        if (!equal(found(here, path), operation.value)) throw new RangeError(`another value at ${operation.path}`);
        return here;
      case "remove":
        return remove(here, path);
      case "copy":
        return insert(here, path, found(here, parsePointer(operation.from)));
      case "move": {
        const from = parsePointer(operation.from);
        if (`${operation.path}/`.startsWith(`${operation.from}/`) && operation.path !== operation.from)
          throw new RangeError(`${operation.from} cannot move into itself`);
        return operation.path === operation.from ? here : insert(remove(here, from), path, found(here, from));
      }
    }
    throw new RangeError(`no operation of RFC 6902: ${JSON.stringify(operation)}`);
  }, value);
}

/** What makes `next` of `base`. With `touched`, only these parts are looked at. */
export function diff(base: Json, next: Json, touched?: Touched): Patch {
  const operations: Operation[] = [];
  compare(base, next, touched, [], operations);
  return operations;
}

function compare(base: Json, next: Json, touched: Touched | undefined, path: Path, out: Operation[]): void {
  if (base === next) return;
  const parts = touched?.parts ?? "all";
  if (isObject(base) && isObject(next)) {
    const keys = parts === "all" ? new Set([...Object.keys(base), ...Object.keys(next)]) : parts.keys();
    for (const key of keys) compareMember(base, next, key, parts === "all" ? undefined : parts.get(key), path, out);
  } else if (isArray(base) && isArray(next)) {
    const touchedItems = parts === "all" || base.length !== next.length ? [] : parts;
    if (touchedItems !== parts) compareItems(base, next, path, out);
    for (const [step, part] of touchedItems) {
      const i = Number(step);
      compare(base[i] as Json, next[i] as Json, part, [...path, i], out);
    }
  } else if (!equal(base, next)) {
    out.push({ op: "replace", path: pointer(path), value: next });
  }
}

function compareMember(
  base: JsonObject,
  next: JsonObject,
  key: string,
  touched: Touched | undefined,
  path: Path,
  out: Operation[],
): void {
  const here = [...path, key];
  const [before, after] = [member(base, key), member(next, key)];
  if (before === undefined && after !== undefined) out.push({ op: "add", path: pointer(here), value: after });
  else if (before !== undefined && after === undefined) out.push({ op: "remove", path: pointer(here) });
  else if (before !== undefined && after !== undefined) compare(before, after, touched, here, out);
}

function compareItems(base: readonly Json[], next: readonly Json[], path: Path, out: Operation[]): void {
  const [before, after] = [byId(base), byId(next)];
  if (before === undefined || after === undefined) {
    compareByPlace(base, next, path, out);
    return;
  }
  const work = [...before.keys()];
  for (let i = work.length - 1; i >= 0; i--) {
    if (after.has(work[i] as string)) continue;
    out.push({ op: "remove", path: pointer([...path, i]) });
    work.splice(i, 1);
  }
  let i = 0;
  for (const [id, item] of after) {
    const old = before.get(id);
    if (old === undefined) {
      out.push({ op: "add", path: pointer([...path, i]), value: item });
      work.splice(i, 0, id);
    } else if (work[i] !== id) {
      const from = work.indexOf(id, i);
      out.push({ op: "move", path: pointer([...path, i]), from: pointer([...path, from]) });
      work.splice(from, 1);
      work.splice(i, 0, id);
    }
    if (old !== undefined) compare(old, item, undefined, [...path, i], out);
    i++;
  }
}

function compareByPlace(base: readonly Json[], next: readonly Json[], path: Path, out: Operation[]): void {
  const shorter = Math.min(base.length, next.length);
  let head = 0;
  while (head < shorter && equal(base[head], next[head])) head++;
  let tail = 0;
  while (tail < shorter - head && equal(base[base.length - 1 - tail], next[next.length - 1 - tail])) tail++;
  const [baseEnd, nextEnd] = [base.length - tail, next.length - tail];
  for (let i = baseEnd - 1; i >= nextEnd; i--) out.push({ op: "remove", path: pointer([...path, i]) });
  for (let i = head; i < nextEnd; i++) {
    if (i < baseEnd) compare(base[i] as Json, next[i] as Json, undefined, [...path, i], out);
    else out.push({ op: "add", path: pointer([...path, i]), value: next[i] as Json });
  }
}
