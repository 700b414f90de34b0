// The one form of a document: members sorted by UTF-16 code units, numbers as ECMAScript writes them, no space. The server
// stores and hashes exactly these bytes. Source: RFC 8785.
import { isArray, isObject, type Json } from "./json.js";

/** As deep as the server takes. */
export const maxDepth = 64;

const lonely = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function text(value: string): string {
  if (lonely.test(value)) throw new TypeError("a string with half of a surrogate pair has no UTF-8 form");
  return JSON.stringify(value);
}

/** Throws a TypeError for what is no JSON: undefined, NaN, infinities, half surrogates, more than maxDepth levels. */
export function canonical(value: Json, depth = 0): string {
  if (depth > maxDepth) throw new TypeError(`deeper than ${maxDepth} levels`);
  if (typeof value === "string") return text(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is no JSON number`);
    return JSON.stringify(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  if (!isObject(value)) throw new TypeError(`${typeof value} is no JSON value`);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${text(key)}:${canonical(value[key] as Json, depth + 1)}`);
  return `{${members.join(",")}}`;
}

export const canonicalBytes = (value: Json): Uint8Array => new TextEncoder().encode(canonical(value));
