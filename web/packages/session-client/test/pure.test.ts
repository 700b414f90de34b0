import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical } from "../src/canonical.js";
import { equal, type Json, type JsonObject, put, remove } from "../src/json.js";
import { chooseTheirs, merge } from "../src/merge.js";
import { apply, diff, type Patch } from "../src/patch.js";
import { Touched } from "../src/touched.js";
import { document, json } from "./arbitrary.js";
import { seed } from "./seed.js";

const holds = <T extends unknown[]>(property: fc.IProperty<T>) =>
  fc.assert(property as fc.IProperty<unknown>, { seed, numRuns: 1000 });

test("canonical: one form, and it reads back", () => {
  assert.equal(
    canonical({ b: 1.0, a: [1e21, -0, 1e-7, "é\u0001"], "\u{1f600}": 1, "\ufb33": 2 }),
    '{"a":[1e+21,0,1e-7,"é\\u0001"],"b":1,"\u{1f600}":1,"\ufb33":2}',
  );
  holds(
    fc.property(json, (value) => {
      assert.ok(equal(JSON.parse(canonical(value)), value));
      assert.equal(canonical(JSON.parse(canonical(value))), canonical(value));
    }),
  );
});

test("canonical: what is no JSON is refused", () => {
  let deep: Json = 1;
  for (let i = 0; i < 70; i++) deep = [deep];
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, "\ud800", { "\udc00": 1 }, undefined, deep, [() => 1]])
    assert.throws(() => canonical(bad as Json), TypeError);
});

test("patch: the difference makes the next of the base", () => {
  holds(fc.property(json, json, (base, next) => assert.ok(equal(apply(base, diff(base, next)), next))));
});

test("patch: looking at what was touched finds all that changed", () => {
  holds(
    fc.property(
      document,
      fc.array(
        fc.tuple(fc.array(fc.constantFrom("a", "b", "todos", 0, 1), { minLength: 1, maxLength: 3 }), fc.option(json)),
        { maxLength: 6 },
      ),
      (base, edits) => {
        const touched = new Touched();
        let next: Json = base;
        for (const [path, value] of edits) {
          try {
            next = value === null ? remove(next, path) : put(next, path, value);
            touched.mark(value === null ? path.slice(0, -1) : path);
          } catch (error) {
            assert.ok(error instanceof RangeError);
          }
        }
        const patch = diff(base, next, touched);
        assert.deepEqual(patch.length === 0, equal(base, next));
        assert.ok(equal(apply(base, patch), next));
      },
    ),
  );
});

test("patch: one changed item of many is one small operation, and the rest is not read", () => {
  const items = Array.from({ length: 10000 }, (_, id) => ({ id, text: "x" }));
  const base: JsonObject = { todos: items, trap: new Proxy({}, { ownKeys: () => assert.fail("read") }) };
  const next = put(base, ["todos", 7, "text"], "y");
  const touched = new Touched();
  touched.mark(["todos", 7, "text"]);
  assert.deepEqual(diff(base, next, touched), [{ op: "replace", path: "/todos/7/text", value: "y" }]);
});

test("patch: RFC 6902, its errors change nothing", () => {
  const base = { a: [1, 2], "~/": 1 };
  assert.deepEqual(
    apply(base, [
      { op: "move", from: "/a/0", path: "/a/1" },
      { op: "copy", from: "/a", path: "/b" },
      { op: "add", path: "/b/-", value: 3 },
      { op: "remove", path: "/~0~1" },
    ]),
    { a: [2, 1], b: [2, 1, 3] },
  );
  const bad: Patch[] = [
    [{ op: "remove", path: "/x" }],
    [{ op: "replace", path: "/x", value: 1 }],
    [{ op: "add", path: "/a/3", value: 1 }],
    [{ op: "add", path: "/a/01", value: 1 }],
    [{ op: "test", path: "/a", value: [1] }],
    [{ op: "move", from: "/a", path: "/a/0" }],
    [{ op: "add", path: "a", value: 1 }],
    [{ op: "add", path: "/~2", value: 1 }],
  ];
  for (const patch of bad) assert.throws(() => apply(base, patch), RangeError, JSON.stringify(patch));
  assert.deepEqual(base, { a: [1, 2], "~/": 1 });
});

test("merge: one side alone, both alike, and a side with itself", () => {
  holds(
    fc.property(json, json, (base, side) => {
      for (const merged of [merge(base, side, base), merge(base, base, side), merge(base, side, side)]) {
        assert.ok(equal(merged.value, side));
        assert.deepEqual(merged.conflicts, []);
      }
    }),
  );
});

test("merge: every leaf that is in no conflict is of a side, and sides may be swapped", () => {
  holds(
    fc.property(document, document, document, (base, mine, theirs) => {
      const one = merge(base, mine, theirs);
      const other = merge(base, theirs, mine);
      assert.equal(one.conflicts.length, other.conflicts.length);
      const shape = (value: Json): Json =>
        JSON.parse(canonical(value), (_, part: Json) =>
          Array.isArray(part) && part.every((item) => item?.id !== undefined)
            ? part.toSorted((a, b) => a.id - b.id)
            : part,
        );
      assert.ok(equal(shape(one.value), shape(merge(base, theirs, mine, chooseTheirs).value)));
    }),
  );
});

test("merge: items by id: additions of both, an edit beats a removal, a move is kept", () => {
  const base = [
    { id: 1, t: "a" },
    { id: 2, t: "b" },
    { id: 3, t: "c" },
  ];
  const mine = [
    { id: 3, t: "c" },
    { id: 9, t: "new" },
    { id: 1, t: "a" },
  ];
  const theirs = [
    { id: 1, t: "A" },
    { id: 2, t: "B" },
    { id: 8, t: "also" },
    { id: 3, t: "c" },
  ];
  assert.deepEqual(merge(base, mine, theirs), {
    value: [
      { id: 3, t: "c" },
      { id: 9, t: "new" },
      { id: 1, t: "A" },
      { id: 2, t: "B" },
      { id: 8, t: "also" },
    ],
    conflicts: [],
  });
});

test("merge: both changed one leaf: told, and decided by the caller", () => {
  const merged = merge(
    { todos: [{ id: "x", t: 1 }] },
    { todos: [{ id: "x", t: 2 }] },
    { todos: [{ id: "x", t: 3 }] },
    chooseTheirs,
  );
  assert.deepEqual(merged, {
    value: { todos: [{ id: "x", t: 3 }] },
    conflicts: [{ path: ["todos", "#x", "t"], base: 1, mine: 2, theirs: 3 }],
  });
});
