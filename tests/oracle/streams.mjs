// Random terminal output for the comparison, the same for the same seed. What differences.json lists is left out, or
// brought about so that both sides agree: each such place names its entry.

export class Streams {
  constructor(seed) { this.state = BigInt(seed) * 0xD1342543DE82EF95n & (2n ** 64n - 1n); }
  below(limit) {
    this.state = (this.state + 0x9E3779B97F4A7C15n) & (2n ** 64n - 1n);
    let z = this.state;
    z = (z ^ (z >> 30n)) * 0xBF58476D1CE4E5B9n & (2n ** 64n - 1n);
    z = (z ^ (z >> 27n)) * 0x94D049BB133111EBn & (2n ** 64n - 1n);
    return Number((z >> 32n) * BigInt(limit) >> 32n);
  }
  pick(choices) { return choices[this.below(choices.length)]; }
  number() { return this.below(6) === 0 ? "" : String(this.below(9) === 0 ? this.below(200) : this.below(14)); }
  position() { return `\x1b[${this.number()};${this.number()}H`; }

  make(pieces) {
    let out = "";
    for (let i = 0; i < pieces; i++) out += this.piece();
    return out;
  }
  piece() {
    switch (this.below(11)) {
      case 0: case 1: case 2: return this.words();
      case 3: return this.pick(["\r\n", "\n", "\r", "\t", "\b", "\x0b", "\x07", "\r\n\r\n"]);
      case 4: return this.position();
      case 5: return `\x1b[${this.number()}${this.pick([..."ABCDEFGILMPXZ@`adegK"])}`.replace(/\x1b\[(\d*)K/, "\x1b[K");
      case 6: return this.graphics();
      case 7: return this.mode();
      case 8: return this.escape();
      case 9: return this.rare();
      default: return "\x1b[?7h" + this.pick(["会话", "日本語テキスト", "é", "e\u0301x", "😀", "🚀 go", "│─┼", "한글", "x\u0308", "ﾊﾟ", "a\u0302\u0303"]);  // wide-without-wrap
    }
  }
  words() {
    let out = "";
    for (let n = this.below(14) + 1; n > 0; n--) out += this.below(6) === 0 ? " " : String.fromCharCode(33 + this.below(94));
    return out;
  }
  graphics() {
    const byte = () => this.below(256);
    switch (this.below(5)) {
      case 0: return "\x1b[m";
      case 1: return `\x1b[${this.pick([38, 48, 58])}${this.pick([`;5;${byte()}`, `;2;${byte()};${byte()};${byte()}`, `:2::${byte()}:1:${byte()}`, `:5:${byte()}`])}m`;
      case 2: return `\x1b[${this.pick(["4:3", "4:0", "4:5", "21", "53", "24;55", "4"])}m`;
      default: return `\x1b[${this.pick([...Array(10).keys(), 22, 23, 25, 27, 28, 29, 39, 49])};${this.below(2) === 0 ? 90 + this.below(18) : 30 + this.below(8)}m`;
    }
  }
  mode() {
    const number = this.pick(["4", "20", "?1", "?7", "?7", "?12", "?25", "?66", "?9", "?1000", "?1002", "?1003", "?1004", "?1006", "?1016", "?2004", "?2026"]);
    const off = this.below(3) === 0;
    if (number === "?7" && off) return "\r\x1b[?7l";  // wide-without-wrap
    return `\x1b[${number}${off ? "l" : "h"}`;
  }
  escape() {
    switch (this.below(9)) {
      case 0: return "\x1b(B\x0f\x1b[m\x1b7";        // saved-cursor
      case 1: return "\x1b(B\x0f\x1b8\x1b[m";        // saved-cursor
      case 2: return "\x1b(0" + this.words() + "\x1b(B";
      case 3: return "\x1b)0\x0e" + this.words() + "\x0f";
      default: return "\x1b" + this.pick(["D", "E", "H", "M", "=", ">"]);
    }
  }
  rare() {
    const at = this.position();
    switch (this.below(14)) {
      case 0: return `\x1b[${this.number()};${this.number()}r`;
      case 1: return "\x1b[r";
      case 2: return `\x1b]8;;${this.pick(["", "https://a.example/", "file:///x;y"])}\x1b\\`;
      case 3: return `\x1b]${this.pick([0, 2])};${this.words()}${this.pick(["\x07", "\x1b\\"])}`;
      case 4: return `\x1b[4l${this.words()}\x1b[${this.below(20)}b`.replace("[0b", "[b");  // repeat
      case 5: return `${at}\x1b[${this.pick(["", 1, 2])}${this.pick(["J", "K"])}`;  // pending-wrap
      case 6: return `${at}\x1b[${this.number()}${this.pick(["S", "T"])}`;  // pending-wrap
      case 7: return `${at}\x1b[${this.number()}${this.pick(["'}", "'~", " @", " A"])}`;  // pending-wrap
      case 8: return `${at}\x1b(B\x0f\x1b[m\x1b[?1049h\x1b7`;  // pending-wrap, saved-cursor, alternate-saved-cursor
      case 9: return `${at}\x1b(B\x0f\x1b[?1049l\x1b[m`;
      case 10: return `${at}\x1b[?${this.pick([47, 1047])}${this.pick(["h\x1b(B\x0f\x1b[m\x1b7", "l"])}`;
      case 11: return this.pick(["\x1bPq#0;2;0;0;0~~\x1b\\", "\x1b_Gf=24;AAAA\x1b\\", "\x1b^pm\x1b\\", "\x1bP1;2|x\x1b\\"]);
      case 12: return this.below(8) === 0 ? "\x1b]8;;\x1b\\\x1b[m\x1b#8" : "\x1b[3g\x1b[g";  // alignment
      default: return this.below(6) === 0 ? "\x1b[!p\x1b[m" : `\x1b[1;${this.below(8) + 2}r\x1b[?6h${this.words()}\x1b[?6l`;  // origin-moves
    }
  }
}
