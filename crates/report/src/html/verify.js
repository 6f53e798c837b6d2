// Verifies a bundle in a browser or in Node, offline. Written from docs/format.md, whose sections comments name.
//
// `sealbookVerifier(crypto.subtle)` gives `verify(bytes, trusted, progress)`, `publicKey(bytes)` and
// `holds(key, message, sig)`. What is not of the form throws inside and becomes a fault, never an exception.
"use strict";
function sealbookVerifier(subtle) {
  const LINE_MAX = 32 << 20, ENDLESS = 1n << 64n;
  const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", INT = "(?:0|-?[1-9][0-9]*)", HEX = "[0-9a-f]{64}";
  const ORIGIN = "sealbook/[0-9a-f]{32}", NAME = "[a-z][a-z0-9_.-]{0,31}";
  const PART = `"${NAME}":"[A-Za-z0-9_-]{43}"`, SIG = `\\{"key":"${HEX}","sig":"[A-Za-z0-9+/]{86}=="\\}`;
  const HEADER = new RegExp(
    `^\\{"bundle":"sealbook/bundle/v1","count":"(0|[1-9][0-9]*)","kind":"(whole|selection)","origin":"(${ORIGIN})"\\}$`);
  // 3; what signers sign is the head and the tail
  const LEAF = new RegExp(
    `^(?<head>\\{"id":"${UUID}","occurred_us":"${INT}","operation":(?:null|"${UUID}"),"origin":"${ORIGIN}",` +
    `"parts":\\{${PART}(?:,${PART}){0,63}\\},"phase":"(?:intent|outcome|event)",)"prev":"${HEX}","sealed_us":"${INT}",` +
    `"seq":"(?:0|[1-9][0-9]*)","sigs":\\[(?:${SIG}(?:,${SIG}){0,63})?\\],(?<tail>"type":"(?:record|key|erase)","v":"1"\\})$`);
  const whole = (pattern) => new RegExp(`^(?:${pattern})$`);
  const IS_INT = whole(INT), IS_NAME = whole(NAME), IS_ORIGIN = whole(ORIGIN);

  const need = (condition) => { if (!condition) throw new SyntaxError("it is not of the form"); };
  const attempt = async (work) => { try { return await work(); } catch { return undefined; } };

  // Bytes and texts
  const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const ascii = (text) => encoder.encode(text);
  const joined = (...pieces) => {
    const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
    let at = 0;
    for (const piece of pieces) { all.set(piece, at); at += piece.length; }
    return all;
  };
  const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const ofHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const base64Of = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  };
  const ofBase64 = (text, length) => {
    need(typeof text === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(text));
    const raw = atob(text);
    need(btoa(raw) === text && (length === undefined || raw.length === length));
    return Uint8Array.from(raw, (char) => char.charCodeAt(0));
  };
  const digest = async (name, ...pieces) => new Uint8Array(await subtle.digest(name, joined(...pieces)));
  const sha256 = (...pieces) => digest("SHA-256", ...pieces);
  const decimal = (text, least = 0n, end = ENDLESS) => {
    need(typeof text === "string" && IS_INT.test(text));
    const value = BigInt(text);
    need(least <= value && value < end);
    return value;
  };

  // Canonical JSON. A lone surrogate is no character, and no escape of one is canonical.
  const quoted = (text) => { need(!/\p{Surrogate}/u.test(text)); return JSON.stringify(text); };
  const written = (value) => {
    if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
    if (value !== null && typeof value === "object") {
      return `{${Object.keys(value).sort().map((name) => `${quoted(name)}:${written(value[name])}`).join(",")}}`;
    }
    return typeof value === "string" ? quoted(value) : JSON.stringify(value);
  };
  const has = (value, ...members) => {
    need(value !== null && typeof value === "object" && !Array.isArray(value));
    need(Object.keys(value).sort().join() === members.sort().join());
    return value;
  };
  const canonical = (text, ...members) => {
    const value = JSON.parse(text);
    need(written(value) === text);
    return has(value, ...members);
  };
  const list = (value) => { need(Array.isArray(value)); return value; };
  const listed = (set) => [...set].sort().join();

  // 4: points in extended coordinates (X : Y : Z : T), RFC 8032 section 5.1.4
  const P = (1n << 255n) - 19n, L = (1n << 252n) + 27742317777372353535851937790883648493n;
  const mod = (value) => { const rest = value % P; return rest < 0n ? rest + P : rest; };
  const power = (base, exponent) => {
    let result = 1n;
    for (let left = exponent, square = mod(base); left > 0n; left >>= 1n, square = square * square % P) {
      if (left & 1n) result = result * square % P;
    }
    return result;
  };
  const D = mod(-121665n * power(121666n, P - 2n)), ROOT = power(2n, (P - 1n) / 4n), ZERO = [0n, 1n, 1n, 0n];
  const add = (p, q) => {
    const a = (p[1] - p[0]) * (q[1] - q[0]), b = (p[1] + p[0]) * (q[1] + q[0]);
    const c = 2n * D * p[3] % P * q[3], d = 2n * p[2] * q[2];
    const e = mod(b - a), f = mod(d - c), g = mod(d + c), h = mod(b + a);
    return [e * f % P, g * h % P, f * g % P, e * h % P];
  };
  const times = (scalar, point) => {
    let sum = ZERO;
    for (let left = scalar, power = point; left > 0n; left >>= 1n, power = add(power, power)) {
      if (left & 1n) sum = add(sum, power);
    }
    return sum;
  };
  const equal = (p, q) => mod(p[0] * q[2] - q[0] * p[2]) === 0n && mod(p[1] * q[2] - q[1] * p[2]) === 0n;
  const little = (bytes) => bytes.reduceRight((value, byte) => value << 8n | BigInt(byte), 0n);
  const yOf = (bytes) => little(bytes) & ((1n << 255n) - 1n);
  const pointOf = (bytes) => {
    const y = yOf(bytes), sign = BigInt(bytes[31] >> 7);
    need(y < P);
    const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
    let x = power(square, (P + 3n) / 8n);
    if (x * x % P !== square) x = x * ROOT % P;
    need(x * x % P === square && !(x === 0n && sign === 1n));
    if ((x & 1n) !== sign) x = P - x;
    return [x, y, 1n, x * y % P];
  };
  const BASE = pointOf(ofHex("58" + "66".repeat(31)));
  const knownKeys = new Map();
  const publicKey = (bytes) => {
    need(bytes.length === 32);
    const name = hexOf(bytes);
    if (!knownKeys.has(name)) {
      const point = attemptNow(() => pointOf(bytes));
      const isSound = point !== undefined && !equal(point, ZERO) && equal(times(L, point), ZERO);
      knownKeys.set(name, isSound ? { bytes, point, handle: undefined } : undefined);
    }
    need(knownKeys.get(name) !== undefined);
    return bytes;
  };
  const attemptNow = (work) => { try { return work(); } catch { return undefined; } };
  // What the platform accepts (the equation without the cofactor, `R` written canonically) holds by section 4 too.
  // What it refuses, or cannot do, is decided here.
  const platformSays = async (key, message, sig) => {
    if (key.handle === null) return false;
    key.handle ??= (await attempt(() => subtle.importKey("raw", key.bytes, { name: "Ed25519" }, false, ["verify"]))) ?? null;
    return key.handle !== null && (await attempt(() => subtle.verify({ name: "Ed25519" }, key.handle, sig, message))) === true;
  };
  const holds = async (keyBytes, message, sig) => {
    publicKey(keyBytes);
    const key = knownKeys.get(hexOf(keyBytes));
    const r = sig.subarray(0, 32), s = little(sig.subarray(32)), y = yOf(r);
    const isSigned = (y === 1n || y === P - 1n) && r[31] >> 7 === 1;
    if (sig.length !== 64 || s >= L || y >= P || isSigned) return false;
    if (await platformSays(key, message, sig)) return true;
    const point = attemptNow(() => pointOf(r));
    if (point === undefined) return false;
    const k = little(await digest("SHA-512", r, keyBytes, message)) % L;
    return equal(times(8n, times(s, BASE)), times(8n, add(point, times(k, key.point))));
  };

  // 7: RFC 6962 sections 2.1 and 2.1.1
  const EMPTY = new Uint8Array(0), LEAF_MARK = new Uint8Array([0]), NODE_MARK = new Uint8Array([1]);
  const node = (left, right) => sha256(NODE_MARK, left, right);
  const rootOf = async (hashes) => {
    if (hashes.length === 0) return sha256(EMPTY);
    let row = hashes;
    while (row.length > 1) {
      const above = [];
      for (let at = 0; at + 1 < row.length; at += 2) above.push(node(row[at], row[at + 1]));
      const next = await Promise.all(above);
      if (row.length % 2 === 1) next.push(row[row.length - 1]);
      row = next;
    }
    return row[0];
  };
  const rootByProof = async (hash, seq, size, proof) => {
    if (seq >= size) return undefined;
    let at = seq, last = size - 1n, root = hash, left = 0;
    for (; last > 0n; at >>= 1n, last >>= 1n) {
      // At the right edge a node without a sibling goes up as it is.
      if (at % 2n === 0n && at === last) continue;
      if (left >= proof.length) return undefined;
      const other = proof[left++];
      root = at % 2n === 1n ? await node(other, root) : await node(root, other);
    }
    return left === proof.length ? root : undefined;
  };

  // 8
  const readNote = (note) => {
    need(typeof note === "string" && ascii(note).length <= 64 << 10 && !/[\0-\t\v-\x1f]/.test(note));
    const cut = note.lastIndexOf("\n\n");
    need(cut >= 0);
    const text = note.slice(0, cut + 1), lines = note.slice(cut + 2);
    const [origin, size, root, ...more] = text.slice(0, -1).split("\n");
    need(more.length === 0 && IS_ORIGIN.test(origin) && lines.endsWith("\n"));
    const signatures = lines.slice(0, -1).split("\n").map((line) => {
      const found = /^— ([^\s+]+) (\S{8,})$/u.exec(line);
      need(found !== null);
      const bytes = ofBase64(found[2]);
      need(bytes.length >= 5);
      return { name: found[1], id: hexOf(bytes.subarray(0, 4)), sig: bytes.subarray(4) };
    });
    need(signatures.length <= 64);
    return { text: ascii(text), origin, size: decimal(size, 0n, (1n << 56n) + 1n), root: ofBase64(root, 32), signatures };
  };

  // 6: the keys, folded from key leaves
  const newKey = async (text, role, from) => {
    need(["checkpoint", "record", "approver"].includes(role));
    const bytes = publicKey(ofBase64(text, 32));
    return { bytes, name: hexOf(await sha256(bytes)), role, from, until: ENDLESS, revoked: false };
  };
  class Keys {
    byName = new Map();
    covering(seq, role) {
      return [...this.byName.values()].filter((key) => key.role === role && key.from <= seq && seq < key.until);
    }
    // Applies an event and says whether the signers are those that it asks for.
    async apply(text, seq, signers) {
      const before = new Set(this.covering(seq - 1n, "checkpoint").map((key) => key.name));
      const { event } = JSON.parse(text);
      need((event === "genesis") === (seq === 0n) && (event === "genesis") === (this.byName.size === 0));
      if (event === "genesis") await this.begin(text);
      else if (event === "add") await this.take(text, seq);
      else await this.end(text, seq);
      return seq === 0n ? [...this.byName.keys()].every((name) => signers.has(name)) : [...signers].some((name) => before.has(name));
    }
    async begin(text) {
      const { continues, keys } = canonical(text, "continues", "event", "keys");
      const named = [];
      for (const given of list(keys)) {
        has(given, "key", "role");
        named.push(await newKey(given.key, given.role, 0n));
      }
      const names = named.map((key) => key.name);
      need(names.join() === listed(new Set(names)) && named.some((key) => key.role === "checkpoint"));
      if (continues !== null) {
        has(continues, "checkpoint", "reason");
        readNote(continues.checkpoint);
        need(typeof continues.reason === "string");
      }
      for (const key of named) this.byName.set(key.name, key);
    }
    async take(text, seq) {
      const event = canonical(text, "event", "key", "role");
      const key = await newKey(event.key, event.role, seq);
      need(!this.byName.has(key.name));
      this.byName.set(key.name, key);
    }
    async end(text, seq) {
      const isRevoke = JSON.parse(text).event === "revoke";
      const event = isRevoke ? canonical(text, "event", "key", "since_seq") : canonical(text, "event", "key");
      need(isRevoke || event.event === "retire");
      const key = this.byName.get(event.key);
      need(key !== undefined && !key.revoked);
      need(isRevoke ? decimal(event.since_seq) <= seq : key.until === ENDLESS);
      need(key.role !== "checkpoint" || this.covering(seq, "checkpoint").some((other) => other !== key));
      if (seq < key.until) key.until = seq;
      key.revoked = isRevoke;
    }
  }

  // 11
  class Bundle {
    faults = [];
    keys = new Keys();
    ids = new Set();
    strangers = new Set();
    gone = [];
    erasures = new Set();
    links = [];
    // What was shown and fits: `seq`, the leaf, and the bytes of parts by name.
    entries = [];
    next = 0n;
    note;
    constructor(count, kind, origin) {
      Object.assign(this, { count: decimal(count), isWhole: kind === "whole", origin });
    }
    fault(code, place) { this.faults.push({ code, ...place }); }

    readEntry(line) {
      const value = canonical(line, "leaf", "parts", ...(this.isWhole ? [] : ["proof"]));
      const text = written(value.leaf), signed = LEAF.exec(text);
      need(signed !== null && text.length <= 65535);
      const { leaf } = value, names = leaf.sigs.map((sig) => sig.key);
      need(names.join() === listed(new Set(names)));
      decimal(leaf.occurred_us, -(1n << 63n), 1n << 63n);
      decimal(leaf.sealed_us, -(1n << 63n), 1n << 63n);
      for (const made of Object.values(leaf.parts)) ofBase64(made.replaceAll("-", "+").replaceAll("_", "/") + "=", 32);
      need(value.parts !== null && typeof value.parts === "object" && !Array.isArray(value.parts));
      const shown = new Map();
      for (const [name, part] of Object.entries(value.parts)) {
        need(IS_NAME.test(name));
        if (part === "erased" || part === "withheld") { shown.set(name, part); continue; }
        has(part, "bytes", "salt");
        shown.set(name, { bytes: ofBase64(part.bytes), salt: ofBase64(part.salt, 32) });
        need(shown.get(name).bytes.length <= 1 << 20);
      }
      need(shown.size <= 64);
      const proof = list(value.proof ?? []).map((hash) => ofBase64(hash, 32));
      need(proof.length <= 64);
      return {
        leaf, shown, proof, seq: decimal(leaf.seq), bytes: ascii(text), message: ascii(signed.groups.head + signed.groups.tail),
        sigs: leaf.sigs.map((sig) => ({ name: sig.key, sig: ofBase64(sig.sig, 64) })),
      };
    }

    async takeEntry(number, line) {
      const entry = line === undefined ? undefined : attemptNow(() => this.readEntry(line));
      if (entry === undefined) {
        this.links.push({});
        this.next += 1n;
        return this.fault("line_malformed", { line: number });
      }
      const { leaf } = entry, seq = this.isWhole ? this.next : entry.seq, before = this.faults.length;
      const hash = await sha256(LEAF_MARK, entry.bytes);
      this.links.push({ hash, prev: ofHex(leaf.prev) });
      if (leaf.origin !== this.origin) this.fault("origin_mismatch", { seq });
      if (entry.seq !== seq) this.fault("leaf_misplaced", { seq });
      await this.checkParts(seq, entry);
      if (leaf.type !== "record" && this.faults.length === before) await this.takeEvent(seq, entry);
      await this.checkSignatures(seq, entry);
      if (this.ids.has(leaf.id)) this.fault("duplicate_id", { seq });
      this.ids.add(leaf.id);
      if (!this.isWhole) {
        if (seq < this.next) this.fault("seq_unexpected", { seq });
        if (this.note !== undefined) {
          const root = await rootByProof(hash, seq, this.note.size, entry.proof);
          if (root === undefined || !same(root, this.note.root)) this.fault("not_included", { seq });
        }
      }
      if (this.faults.length === before) this.entries.push({ seq, leaf, parts: entry.shown });
      this.next = seq + 1n;
    }

    async checkParts(seq, { leaf, shown }) { // 2
      const id = ofHex(leaf.id.replaceAll("-", ""));
      for (const [name, commitment] of Object.entries(leaf.parts)) {
        const part = shown.get(name);
        if (part === undefined) this.fault("part_missing", { seq, part: name });
        else if (part === "erased") this.gone.push({ seq, part: name });
        else if (part !== "withheld") {
          const head = joined(ascii("sealbook/part/v1\0"), new Uint8Array([0, name.length]), ascii(name));
          const made = base64Of(await sha256(head, id, part.salt, part.bytes));
          const url = made.slice(0, 43).replaceAll("+", "-").replaceAll("/", "_");
          if (url !== commitment) this.fault("part_altered", { seq, part: name });
        }
      }
      for (const name of shown.keys()) if (!Object.hasOwn(leaf.parts, name)) this.fault("part_unknown", { seq, part: name });
    }

    async takeEvent(seq, { leaf, shown, sigs }) {
      const isKey = leaf.type === "key", name = isKey ? "keys" : "erasure", part = shown.get(name);
      if (part === undefined || typeof part === "string") return this.fault("part_missing", { seq, part: name });
      const text = attemptNow(() => decoder.decode(part.bytes));
      if (!isKey) return this.takeErasure(seq, text);
      const isRight = await attempt(() => this.keys.apply(text, seq, new Set(sigs.map((sig) => sig.name))));
      if (isRight === undefined) this.fault("key_event_invalid", { seq });
      else if (!isRight) this.fault("key_event_unauthorized", { seq });
    }

    takeErasure(seq, text) { // 9
      const named = attemptNow(() => {
        const parts = list(canonical(text, "parts").parts).map((part) => {
          has(part, "name", "seq");
          need(IS_NAME.test(part.name));
          return { seq: decimal(part.seq), name: part.name };
        });
        const isAfter = (a, b) => a.seq > b.seq || (a.seq === b.seq && a.name > b.name);
        need(parts.length > 0 && parts.every((part, at) => at === 0 || isAfter(part, parts[at - 1])));
        return parts;
      });
      if (named === undefined) return this.fault("erasure_invalid", { seq });
      for (const part of named) {
        if (part.seq < seq) this.erasures.add(`${part.seq} ${part.name}`);
        else this.fault("erasure_invalid", { seq });
      }
    }

    async checkSignatures(seq, { leaf, message, sigs }) { // 5, 6
      if (sigs.length === 0) return;
      const signed = joined(ascii("sealbook/record/v1\0"), await sha256(message));
      for (const { name, sig } of sigs) {
        const key = this.keys.byName.get(name);
        if (key === undefined) {
          if (!this.strangers.has(name)) this.fault("signer_unknown", { seq, key: name });
          this.strangers.add(name);
          continue;
        }
        const isKeyLeaf = leaf.type === "key";
        const may = key.from <= seq && (isKeyLeaf ? seq <= key.until : seq < key.until && key.role !== "checkpoint");
        if (!may) this.fault("key_not_valid", { seq, key: name });
        if (!(await holds(key.bytes, signed, sig))) this.fault("signature_invalid", { seq, key: name });
      }
    }

    // 8; gives the keys whose signature on the checkpoint holds.
    async checkNote() {
      const { text, size, origin, signatures } = this.note, byId = new Map();
      for (const key of this.keys.byName.values()) {
        byId.set(hexOf((await sha256(ascii(origin), new Uint8Array([10, 1]), key.bytes)).subarray(0, 4)), key);
      }
      const valid = this.keys.covering(size > 0n ? size - 1n : 0n, "checkpoint");
      const own = signatures.filter((line) => line.name === origin && origin === this.origin);
      const claims = own.map((line) => ({ key: byId.get(line.id), sig: line.sig }));
      const doubtful = claims.find(({ key, sig }) => key === undefined || !valid.includes(key) || sig.length !== 64);
      let isValid = claims.length > 0 && doubtful === undefined;
      for (const { key, sig } of isValid ? claims : []) isValid &&= await holds(key.bytes, text, sig);
      if (isValid) return claims.map(({ key }) => key.name);
      this.fault(doubtful !== undefined && doubtful.key === undefined ? "checkpoint_key_unknown" : "checkpoint_invalid", { size });
      return [];
    }

    // 11, point 11
    async checkChain({ size, root }) {
      const links = this.links, zeros = new Uint8Array(32);
      const hashes = links.map((link, at) => link.hash ?? links[at + 1]?.prev);
      const before = (at) => (at === 0 ? zeros : links[at - 1].hash);
      const isBroken = (at) => at < links.length && before(at) !== undefined && links[at].prev !== undefined && !same(before(at), links[at].prev);
      const isWhole = hashes.every((hash) => hash !== undefined);
      if (!isWhole || same(await rootOf(hashes), root)) return this.tellBroken(isBroken);
      const others = hashes.map((hash, at) => (isBroken(at + 1) && !isBroken(at + 2) ? links[at + 1].prev : hash));
      if (same(await rootOf(others), root)) {
        others.forEach((other, at) => { if (!same(other, hashes[at])) this.fault("leaf_altered", { seq: BigInt(at) }); });
        return;
      }
      this.tellBroken(isBroken);
      this.fault("checkpoint_mismatch", { size });
    }
    tellBroken(isBroken) {
      this.links.forEach((_, at) => { if (isBroken(at)) this.fault("chain_break", { seq: BigInt(at) }); });
    }

    async finish(trusted) {
      for (const { seq, part } of this.gone) {
        if (!this.erasures.has(`${seq} ${part}`)) this.fault("erased_without_record", { seq, part });
      }
      if (this.keys.byName.size === 0) this.fault("genesis_missing", { seq: 0n });
      const signers = this.note === undefined ? [] : await this.checkNote();
      if (this.isWhole && this.note !== undefined && BigInt(this.links.length) === this.note.size) await this.checkChain(this.note);
      const founders = [...this.keys.byName.values()].filter((key) => key.role === "checkpoint" && key.from === 0n);
      const vouchers = new Set([...signers, ...founders.map((key) => key.name)]);
      if (trusted.length > 0 && !trusted.some((name) => vouchers.has(name))) this.fault("untrusted", { size: this.count });
      return signers;
    }
  }

  // The lines of a file; undefined stands for one that is none.
  function* linesOf(bytes) {
    for (let at = 0; at < bytes.length;) {
      const feed = bytes.indexOf(10, at), end = feed < 0 ? bytes.length : feed;
      if (end - at > LINE_MAX || feed < 0) {
        at = Math.min(bytes.length, at + LINE_MAX + 1);
        yield undefined;
        continue;
      }
      const line = bytes.subarray(at, end);
      at = end + 1;
      yield attemptNow(() => decoder.decode(line));
    }
  }

  // Faults, none where it is valid; `undefined` where it is no bundle. `trusted` are public keys, 32 bytes each.
  async function verify(bytes, trusted = [], progress = () => {}) {
    const lines = linesOf(bytes), header = HEADER.exec(lines.next().value ?? "-");
    const bundle = header === null ? undefined : attemptNow(() => new Bundle(header[1], header[2], header[3]));
    if (bundle === undefined) return undefined;
    // A note of its form counts, also where its size is not the number of entries.
    bundle.note = attemptNow(() => readNote(canonical(lines.next().value, "checkpoint").checkpoint));
    const fits = bundle.note !== undefined && (!bundle.isWhole || bundle.note.size === bundle.count);
    if (!fits) bundle.fault("line_malformed", { line: 2 });
    let number = 3, line = lines.next();
    for (; !line.done && BigInt(number - 3) < bundle.count; number += 1, line = lines.next()) {
      await bundle.takeEntry(number, line.value);
      if (number % 64 === 0) await progress(number - 3, bundle.count);
    }
    if (!line.done || BigInt(number - 3) < bundle.count) bundle.fault("line_malformed", { line: number });
    const names = [];
    for (const key of trusted) names.push(hexOf(await sha256(publicKey(key))));
    const signers = [];
    for (const name of await bundle.finish(names)) {
      const { bytes: key } = bundle.keys.byName.get(name);
      signers.push({ bytes: key, id: hexOf((await sha256(ascii(bundle.origin), new Uint8Array([10, 1]), key)).subarray(0, 4)) });
    }
    return {
      valid: bundle.faults.length === 0, faults: bundle.faults, origin: bundle.origin, isWhole: bundle.isWhole,
      size: bundle.note?.size, root: bundle.note && base64Of(bundle.note.root), entries: bundle.entries, signers,
    };
  }
  return { verify, publicKey, holds, ofBase64, base64Of, decode: (bytes) => decoder.decode(bytes) };
}
