// session_client.mjs LIBRARY: autosaves of one field of a document of 1 MiB. Says the client's CPU time of each and the bytes that
// came to the server (another process, which counts what its socket reads). session_client.mjs serve: that server.
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const warmup = 50, rounds = 200;

function serve() {
  const before = new WeakMap();
  const server = createServer((request, answer) => {
    request.resume().on("end", () => {
      const version = Number(/\d+/.exec(request.headers["if-match"])[0]) + 1;
      answer.setHeader("ETag", `"${version}"`).setHeader("Content-Type", "application/json").end(JSON.stringify({ version }));
      process.send({ bytes: request.socket.bytesRead - (before.get(request.socket) ?? 0) });
      before.set(request.socket, request.socket.bytesRead);
    });
  });
  server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
}

const page = {
  visible: () => true, online: () => true, onChange: () => () => {}, random: Math.random, key: () => crypto.randomUUID(), alive: async () => true,
  after(ms, then) { const timer = setTimeout(then, ms); return () => clearTimeout(timer); },
};

function documentOfOneMiB() {
  const notes = [];
  for (let i = 0; i < 4700; ++i) notes.push({ id: `n${i}`, text: Buffer.from(crypto.getRandomValues(new Uint8Array(100))).toString("hex") });
  return { notes, todos: [{ id: "t", text: "x", done: false }] };
}

const millis = (used) => (used.user + used.system) / 1000;

async function measure(library) {
  const berth = await import(library);
  const child = fork(fileURLToPath(import.meta.url), ["serve"]);
  const messages = [];
  let heard = () => {};
  child.on("message", (message) => { messages.push(message); heard(); });
  const message = async () => {
    while (messages.length === 0) await new Promise((resolve) => { heard = resolve; });
    return messages.shift();
  };
  const { port } = await message();
  const key = "berth_" + "0".repeat(26) + "_" + "k".repeat(43);
  const transport = new berth.HttpTransport({ base: `http://127.0.0.1:${port}`, headers: () => ({ Authorization: `Bearer ${key}` }) }, "Firefox on laptop");
  const keys = { current: async () => ({ id: "dev_1", bytes: new Uint8Array(32) }), find: async () => ({ id: "dev_1", bytes: new Uint8Array(32) }) };
  const copies = new berth.Copies(new berth.MemoryStore(), new berth.Sealer(keys));
  const document = documentOfOneMiB();
  const session = "ses_" + "0".repeat(26);
  const client = new berth.SessionClient({ session, tab: "tab", version: 1, document }, { transport, copies, page, timing: { saveAfterMs: 0, retryMs: 5, retryMaxMs: 5 } });
  const saved = () => new Promise((resolve) => {
    const stop = client.watch(() => client.state === "saved" && (stop(), resolve()));
  });
  const out = { cpu_ms: [], wire_bytes: [], stringify_ms: [], patch_bytes: 0 };
  for (let i = 0; i < warmup + rounds; ++i) {
    const done = saved();
    const begin = process.cpuUsage();
    client.set(["notes", (i * 37) % document.notes.length, "text"], `what a person wrote, ${i}`);
    await done;
    const cpu = millis(process.cpuUsage(begin));
    const { bytes } = await message();
    const whole = process.cpuUsage();
    JSON.stringify(client.document);
    if (i < warmup) continue;
    out.cpu_ms.push(cpu);
    out.wire_bytes.push(bytes);
    out.stringify_ms.push(millis(process.cpuUsage(whole)));
  }
  out.patch_bytes = JSON.stringify([{ op: "replace", path: "/notes/4699/text", value: "what a person wrote, 249" }]).length;
  console.log(JSON.stringify(out));
  child.kill();
  process.exit(0);
}

if (process.argv[2] === "serve") serve();
else await measure(process.argv[2]);
