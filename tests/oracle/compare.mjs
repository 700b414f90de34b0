// node compare.mjs DRIVER random SEED COUNT | recorded FILE… | widths
// Feeds the same terminal output to xterm.js and to Berth's screen and says where cells, cursor or modes differ.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { basename } from "node:path";
import headless from "@xterm/headless";
import unicode from "@xterm/addon-unicode11";
import { Streams } from "./streams.mjs";

const [driver, kind, ...rest] = process.argv.slice(2);

function xterm(cols, rows) {
  const terminal = new headless.Terminal({ cols, rows, scrollback: 0, allowProposedApi: true, logLevel: "off" });
  terminal.loadAddon(new unicode.Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  const service = terminal._core._oscLinkService, register = service.registerLink.bind(service);
  terminal.links = new Map();  // it forgets links whose first line is gone
  service.registerLink = (link) => {
    const id = register(link);
    terminal.links.set(id, link.uri);
    return id;
  };
  return terminal;
}

const color = (isDefault, isRgb, value) => isDefault ? "" : isRgb ? "#" + value.toString(16).padStart(6, "0") : value;

// One cell as text: what it shows, and how. Of a blank cell only the background counts; "half" of a wide character that is
// gone is as good as blank (half-of-wide).
function xtermCell(links, line, x, cell) {
  line.loadCell(x, cell);
  const bg = color(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor());
  const chars = cell.getChars();
  if (cell.getWidth() === 0 && x > 0 && line.getWidth(x - 1) === 2) return "tail";
  if (chars === "" && cell.getWidth() === 0) return "half";
  if (chars === "") return `blank bg=${bg}`;
  const fg = color(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor());
  const looks = ["Bold", "Dim", "Italic", "Blink", "Inverse", "Invisible", "Strikethrough", "Overline"].filter((name) => cell["is" + name]());
  const underline = cell.isUnderline() ? cell.extended._ext >> 26 & 7 : 0;  // the getter says "dashed" for links
  const under = underline && cell.hasExtendedAttrs() && !cell.isUnderlineColorDefault() ? color(false, cell.isUnderlineColorRGB(), cell.getUnderlineColor()) : "";
  const link = cell.hasExtendedAttrs() && cell.extended.urlId ? links.get(cell.extended.urlId) : "";
  return `${chars} w${cell.getWidth()} fg=${fg} bg=${bg} ${looks} u${underline} ${under} ${link}`;
}

function xtermState(terminal) {
  const core = terminal._core, buffer = core._bufferService.buffer, modes = terminal.modes;
  const cell = buffer.getNullCell().clone ? buffer.getNullCell() : null;
  const cells = [];
  for (let y = 0; y < terminal.rows; y++) {
    const line = buffer.lines.get(buffer.ybase + y), row = [];
    for (let x = 0; x < terminal.cols; x++) row.push(xtermCell(terminal.links, line, x, Object.assign(Object.create(Object.getPrototypeOf(cell)), cell, { extended: cell.extended.clone() })));
    cells.push(row);
  }
  return {
    cells,
    wrapped: Array.from({ length: terminal.rows }, (_, y) => buffer.lines.get(buffer.ybase + y).isWrapped),
    cursor: `${buffer.x},${buffer.y}`,
    title: core._inputHandler._windowTitle ?? "",
    modes: {
      cursor_visible: !core.coreService.isCursorHidden,
      application_cursor: modes.applicationCursorKeysMode, application_keypad: modes.applicationKeypadMode,
      bracketed_paste: modes.bracketedPasteMode, insert: modes.insertMode, origin: modes.originMode,
      reverse_wraparound: modes.reverseWraparoundMode, focus_events: modes.sendFocusMode, wraparound: modes.wraparoundMode,
      synchronized_output: core.coreService.decPrivateModes.synchronizedOutput,
      mouse_tracking: { none: 0, x10: 9, vt200: 1000, drag: 1002, any: 1003 }[modes.mouseTrackingMode],
      mouse_encoding: { DEFAULT: 0, SGR: 1006, SGR_PIXELS: 1016 }[core.coreMouseService.activeEncoding],
      alternate: terminal.buffer.active.type === "alternate",
      scroll_region: [buffer.scrollTop, buffer.scrollBottom].join(),
    },
  };
}

function codePoints(text, widths) {  // characters with what has no width joined to them
  const out = [];
  for (const one of text) {
    if (out.length > 0 && widths[one.codePointAt(0)] === 0) out[out.length - 1] += one;
    else out.push(one);
  }
  return out;
}

function berthState(screen, widths) {
  const names = [["bold", "Bold"], ["faint", "Dim"], ["italic", "Italic"], ["blink", "Blink"], ["inverse", "Inverse"],
    ["invisible", "Invisible"], ["strikethrough", "Strikethrough"], ["overline", "Overline"]];
  const underlines = { single: 1, double: 2, curly: 3, dotted: 4, dashed: 5 };
  const cells = screen.lines.map((line) => {
    const row = [];
    for (const run of line.runs) {
      const bg = run.bg ?? "";
      if (run.blank) {
        for (let i = 0; i < run.columns; i++) row.push(`blank bg=${bg}`);
        continue;
      }
      const looks = names.filter(([name]) => run[name]).map(([, name]) => name);
      const underline = underlines[run.underline] ?? 0;
      for (const chars of codePoints(run.text, widths)) {
        const width = widths[chars.codePointAt(0)];
        row.push(`${chars} w${width} fg=${run.fg ?? ""} bg=${bg} ${looks} u${underline} ${underline ? run.underline_color ?? "" : ""} ${run.link ?? ""}`);
        if (width === 2) row.push("tail");
      }
    }
    while (row.length < screen.cols) row.push("blank bg=");
    return row;
  });
  const { cursor, modes } = screen;
  return {
    cells,
    wrapped: screen.lines.map((line) => line.wrapped),
    cursor: `${cursor.pending_wrap ? screen.cols : cursor.x},${cursor.y}`,
    title: screen.title,
    modes: { ...modes, alternate: screen.alternate, scroll_region: screen.scroll_region.join() },
  };
}

function differences(ours, theirs, wraps) {
  const found = [];
  const expect = (what, one, other) => { if (String(one) !== String(other)) found.push(`${what}: Berth '${one}', xterm.js '${other}'`); };
  theirs.cells.forEach((row, y) => row.forEach((cell, x) => cell === "half" && ours.cells[y][x].startsWith("blank") || expect(`cell ${x},${y}`, ours.cells[y][x], cell)));
  expect("cursor", ours.cursor, theirs.cursor);
  expect("title", ours.title, theirs.title);
  for (const name of Object.keys(theirs.modes)) expect(name, ours.modes[name], theirs.modes[name]);
  if (wraps) theirs.wrapped.forEach((is, y) => { if (y > 0) expect(`wrapped ${y}`, ours.wrapped[y], is); });
  return found;
}

function drive(...words) {
  const child = spawn(driver, words, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => (await lines.next()).value };
}

async function widthsOf() {
  const { child, next } = drive("widths");
  child.stdin.end();
  return Array.from(await next(), Number);
}

async function compare(streams, wraps) {
  const widths = await widthsOf();
  const { child, next } = drive();
  let failed = 0, count = 0;
  for (const { name, cols, rows, bytes } of streams) {
    child.stdin.write(`${cols} ${rows} ${bytes.length}\n`);
    child.stdin.write(bytes);
    const terminal = xterm(cols, rows);
    await new Promise((done) => terminal.write(bytes.toString("utf8"), done));
    const line = await next();
    if (line === undefined) throw new Error(`${name}: the driver ended\n${JSON.stringify(bytes.toString("utf8"))}`);
    const found = differences(berthState(JSON.parse(line), widths), xtermState(terminal), wraps);
    terminal.dispose();
    count++;
    if (found.length > 0) {
      console.log(`${name} (${cols} x ${rows}): ${found.length} differences`);
      found.slice(0, 6).forEach((one) => console.log("  " + one));
      if (bytes.length < 3000) console.log("  stream " + JSON.stringify(bytes.toString("utf8")));
      if (++failed >= 5) break;
    }
  }
  child.stdin.end();
  console.log(`${count} streams compared, ${failed} differ`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function* random(seed, count) {
  for (let i = 0; i < count; i++) {
    const streams = new Streams(seed + i);
    yield { name: `seed ${seed + i}`, cols: 2 + streams.below(30), rows: 2 + streams.below(12), bytes: Buffer.from(streams.make(1 + streams.below(100))) };
  }
}
function* recorded(files) {
  for (const file of files) {
    const [, cols, rows] = /\.(\d+)x(\d+)\.vt$/.exec(file).map(Number);
    yield { name: basename(file), cols, rows, bytes: readFileSync(file) };
  }
}

// Code points whose width is not xterm.js's, as ranges.
async function widths() {
  const ours = await widthsOf(), service = xterm(80, 24)._core.unicodeService, ranges = [];
  for (let code = 0xA0; code < 0x110000; code++) {
    if (code >= 0xD800 && code < 0xE000) continue;
    const theirs = service.wcwidth(code);
    if (ours[code] === theirs) continue;
    const last = ranges.at(-1);
    if (last && last.last === code - 1 && last.ours === ours[code] && last.theirs === theirs) last.last = code;
    else ranges.push({ first: code, last: code, ours: ours[code], theirs });
  }
  console.log(JSON.stringify(ranges));
}

if (kind === "random") await compare(random(Number(rest[0]), Number(rest[1])), false);
else if (kind === "recorded") await compare(recorded(rest), true);
else await widths();
