// One seed for all random tests of a run: printed, and repeated with BERTH_SEED.
export const seed = Number(process.env["BERTH_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`BERTH_SEED=${seed}`);

/** A small generator of its own (mulberry32's form), so that a seed means the same everywhere. */
export function generator(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
