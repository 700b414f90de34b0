// two_clients.mjs LIBRARY SESSION SEED: two tabs at one session. Says "kill" now and then and goes on when it is answered.
import { createInterface } from "node:readline";

const [library, session, seed] = process.argv.slice(2);
const berth = await import(library);
const options = { base: `http://127.0.0.1:${process.env.BERTH_PORT}`, headers: () => ({ Authorization: `Bearer ${process.env.BERTH_KEY}` }) };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const steps = 60;
let state = Number(seed) | 1;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;

const page = (tab) => ({
  visible: () => true, online: () => true, onChange: () => () => {}, random, key: () => `${tab} ${crypto.randomUUID()}`, alive: async () => true,
  after(ms, then) { const timer = setTimeout(then, ms); return () => clearTimeout(timer); },
});

async function open(tab) {
  const transport = new berth.HttpTransport(options, `tab ${tab}`);
  const memory = new Map();
  const keys = new berth.HttpDeviceKeys(options, { getItem: (name) => memory.get(name) ?? null, setItem: (name, value) => memory.set(name, value) }, `tab ${tab}`);
  const copies = new berth.Copies(new berth.MemoryStore(), new berth.Sealer(keys));
  const loaded = await transport.load(session);
  if (loaded.kind !== "loaded") throw new Error(JSON.stringify(loaded));
  const timing = { saveAfterMs: 1, retryMs: 5, retryMaxMs: 100 };
  return new berth.SessionClient({ session, tab, version: loaded.version, document: loaded.document }, { transport, copies, page: page(tab), timing });
}

const saved = (client) => new Promise((resolve) => {
  const look = () => client.state === "saved" && resolve();
  client.watch(look);
  look();
});

const clients = { a: await open("a"), b: await open("b") };
for (let n = 0; n < steps; ++n) {
  for (const [tab, client] of Object.entries(clients)) {
    client.insert(["todos", client.document.todos.length], { id: `${tab}${n}`, text: "x" });
    client.set(["last", tab], n);
    if (random() < 0.5) await saved(client);
  }
  if (n % 15 === 7) {
    console.log(JSON.stringify("kill"));
    await lines.next();
  }
}
for (const client of Object.values(clients)) await saved(client);
console.log(JSON.stringify({ steps, states: Object.values(clients).map((client) => client.state) }));
process.exit(0);
