// Documents for property tests: members of a few names, lists of items with ids, lists without.
import fc from "fast-check";
import type { Json, JsonObject } from "../src/json.js";

const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }),
  fc.string({ maxLength: 3, unit: "grapheme" }),
);
const name = fc.constantFrom("a", "b", "~/", "__proto__", "todos");
const record = (value: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(name, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
const items = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 6 }), record(leaf)), { selector: ([id]) => id, maxLength: 5 })
  .map((all): Json => all.map(([id, rest]) => ({ ...rest, id })));

export const json: fc.Arbitrary<Json> = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, leaf, items, record(tie("tree")), fc.array(tie("tree"), { maxLength: 4 })),
})).tree;
export const document: fc.Arbitrary<JsonObject> = record(json);
