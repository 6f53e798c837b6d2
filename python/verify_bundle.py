#!/usr/bin/env python3
"""Verifies a Sealbook bundle offline, with Python's standard library alone.

Written from docs/format.md, whose sections comments name. Exits with 0 valid, 4 broken, 2 unusable.
"""
import argparse, base64, functools, hashlib, json, re, sys, types
LINE_MAX, ENDLESS = 32 << 20, 1 << 64
UUID, INT = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "(0|-?[1-9][0-9]*)"
ORIGIN, NAME, HEX = "sealbook/[0-9a-f]{32}", "[a-z][a-z0-9_.-]{0,31}", "[0-9a-f]{64}"
PART, SIG = rf'"{NAME}":"[A-Za-z0-9_-]{{43}}"', rf'\{{"key":"{HEX}","sig":"[A-Za-z0-9+/]{{86}}=="\}}'
HEADER = rf'{{"bundle":"sealbook/bundle/v1","count":"(0|[1-9]\d*)","kind":"(whole|selection)","origin":"({ORIGIN})"}}'
LEAF = re.compile(  # 3; head and tail are what signers sign
    rf'(?P<head>\{{"id":"{UUID}","occurred_us":"{INT}","operation":(null|"{UUID}"),"origin":"{ORIGIN}",'
    rf'"parts":\{{{PART}(,{PART}){{0,63}}\}},"phase":"(intent|outcome|event)",)"prev":"{HEX}","sealed_us":"{INT}",'
    rf'"seq":"(0|[1-9][0-9]*)","sigs":\[({SIG}(,{SIG}){{0,63}})?\],(?P<tail>"type":"(record|key|erase)","v":"1"\}})')
BAD = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # what a stranger's text may cause

def need(condition):
    if not condition:
        raise ValueError("it is not of the form that docs/format.md describes")
sha256 = lambda *pieces: hashlib.sha256(b"".join(pieces)).digest()
dumps = functools.partial(json.dumps, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
def canonical(text, *members):
    need(dumps(value := json.loads(text)) == text and set(value) == set(members))
    return value
def decimal(text, least=0, end=ENDLESS):
    need(re.fullmatch(INT, text) and least <= int(text) < end)
    return int(text)
def unbase64(text, length=None):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text and length in (None, len(data)))
    return data
# 4: Ed25519, in the extended coordinates of RFC 8032 section 5.1.4
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ZERO = -121665 * pow(121666, -1, P) % P, (0, 1, 1, 0)
def add(p, q):
    a, b, c, d = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0]), 2 * D * p[3] * q[3], 2 * p[2] * q[2]
    e, f, g, h = (b - a) % P, (d - c) % P, (d + c) % P, (b + a) % P
    return e * f % P, g * h % P, f * g % P, e * h % P
def times(n, p):
    return add(times(n >> 1, add(p, p)), p if n & 1 else ZERO) if n else ZERO
same = lambda p, q: (p[0] * q[2] - q[0] * p[2]) % P == 0 == (p[1] * q[2] - q[1] * p[2]) % P
def point(data):
    y, sign = int.from_bytes(data, "little") % 2**255, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    need(y < P and x * x % P == square and not (x == 0 and sign))
    return (x, y, 1, x * y % P) if x % 2 == sign else (P - x, y, 1, (P - x) * y % P)
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
@functools.lru_cache(1 << 16)
def public_key(data):
    need(len(data) == 32 and not same(point(data), ZERO) and same(times(L, point(data)), ZERO))
    return data
@functools.lru_cache(1 << 16)
def holds(key, message, sig):
    try:
        r, a, s = point(sig[:32]), point(key), int.from_bytes(sig[32:], "little")
    except ValueError:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + message).digest(), "little") % L
    return s < L and same(times(8, times(s, BASE)), times(8, add(r, times(k, a))))
# 7: RFC 6962 sections 2.1 and 2.1.1
def root_of(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1", root_of(hashes[:half]), root_of(hashes[half:]))
def root_by_proof(node, seq, size, proof):
    if size < 2 or seq >= size or not proof:
        return node if (seq, size, proof) == (0, 1, []) else b""
    half = 1 << (size - 1).bit_length() - 1
    if seq < half:
        return sha256(b"\1", root_by_proof(node, seq, half, proof[:-1]), proof[-1])
    return sha256(b"\1", proof[-1], root_by_proof(node, seq - half, size - half, proof[:-1]))
def read_note(note):  # 8
    need(len(note.encode()) <= 64 << 10 and not re.search("[\0-\t\v-\x1f]", note))
    body, lines = note.rsplit("\n\n", 1)
    origin, size, root = body.split("\n")
    need(re.fullmatch(ORIGIN, origin) and lines.endswith("\n") and lines.count("\n") <= 64)
    sigs = [re.fullmatch(r"— ([^\s+]+) (?!\S{6}==$)(\S{8,})", line).groups() for line in lines[:-1].split("\n")]
    size, root = decimal(size, 0, 2**56 + 1), unbase64(root, 32)
    return body.encode() + b"\n", origin, size, root, [(name, unbase64(sig)) for name, sig in sigs]
def new_key(text, role, start):  # 6
    need(role in ("checkpoint", "record", "approver"))
    data = public_key(unbase64(text))
    return types.SimpleNamespace(data=data, name=sha256(data).hex(), role=role, start=start, until=ENDLESS, doubt=False)

class Bundle:  # 11
    def __init__(self, count, kind, origin):
        self.count, self.whole, self.origin, self.note = decimal(count), kind == "whole", origin, None
        self.faults, self.ring, self.ids, self.unknown, self.gone, self.erased = [], {}, set(), set(), [], set()
        self.seq, self.next, self.links = 0, 0, []
    def fault(self, code, found=True, **place):
        entry = {} if {"line", "size"} & set(place) else {"seq": self.seq}
        self.faults += [{"code": code, **entry, **place}] if found else []
    def read_entry(self, line):
        value = canonical(line, "leaf", "parts", *([] if self.whole else ["proof"]))
        leaf, parts, text, proof = value["leaf"], value["parts"], dumps(value["leaf"]), value.get("proof", [])
        signed, signers = LEAF.fullmatch(text), [sig["key"] for sig in leaf["sigs"]]
        need(signed and len(text) <= 65535 and len(parts) <= 64 and signers == sorted(set(signers)))
        need(isinstance(proof, list) and len(proof) <= 64)
        [decimal(leaf[member], -(2**63), 2**63) for member in ("occurred_us", "sealed_us")]
        [unbase64(made.replace("-", "+").replace("_", "/") + "=", 32) for made in leaf["parts"].values()]
        leaf["seq"], leaf["sigs"] = decimal(leaf["seq"]), [(s["key"], unbase64(s["sig"], 64)) for s in leaf["sigs"]]
        for name, part in parts.items():
            need(re.fullmatch(NAME, name))
            if part not in ("erased", "withheld"):
                parts[name] = unbase64(part["bytes"]), unbase64(part["salt"], 32)
                need(len(part) == 2 and len(parts[name][0]) <= 1 << 20)
        digest = sha256((signed["head"] + signed["tail"]).encode())  # 5
        return leaf, parts, text.encode(), digest, [unbase64(node, 32) for node in proof]
    def take_entry(self, number, line):
        try:
            leaf, parts, text, digest, proof = self.read_entry(line)
        except BAD:
            self.links.append((None, None)); self.next += 1; return self.fault("line_malformed", line=number)
        self.seq, before, record_hash = self.next if self.whole else leaf["seq"], len(self.faults), sha256(b"\0", text)
        self.links.append((record_hash, bytes.fromhex(leaf["prev"])))
        self.fault("origin_mismatch", leaf["origin"] != self.origin)
        self.fault("leaf_misplaced", leaf["seq"] != self.seq)
        self.check_parts(leaf, parts)
        if leaf["type"] != "record" and len(self.faults) == before:
            name, take = ("keys", self.take_keys) if leaf["type"] == "key" else ("erasure", self.take_erasure)
            self.fault("part_missing", not (is_shown := isinstance(parts.get(name), tuple)), part=name)
            try:
                is_shown and take(parts[name][0].decode(), {key for key, _ in leaf["sigs"]})
            except BAD:
                self.fault("key_event_invalid" if name == "keys" else "erasure_invalid")
        self.check_signatures(leaf, b"sealbook/record/v1\0" + digest)
        self.fault("duplicate_id", leaf["id"] in self.ids)
        self.ids.add(leaf["id"])
        if not self.whole:
            self.fault("seq_unexpected", self.seq < self.next)
            leads_to = self.note and root_by_proof(record_hash, self.seq, self.note[2], proof)
            self.fault("not_included", self.note and leads_to != self.note[3])
        self.next = self.seq + 1
    def check_parts(self, leaf, parts):  # 2
        for name, commitment in leaf["parts"].items():
            if isinstance(parts.get(name), tuple):
                head = b"sealbook/part/v1\0" + len(name).to_bytes(2, "big") + name.encode()
                made = sha256(head, bytes.fromhex(leaf["id"].replace("-", "")), parts[name][1], parts[name][0])
                self.fault("part_altered", base64.urlsafe_b64encode(made).decode()[:43] != commitment, part=name)
            self.gone += [(self.seq, name)] if parts.get(name) == "erased" else []
            self.fault("part_missing", name not in parts, part=name)
        [self.fault("part_unknown", part=name) for name in set(parts) - set(leaf["parts"])]
    def check_signatures(self, leaf, message):  # 5, 6
        for name, sig in leaf["sigs"]:
            key = self.ring.get(name)
            self.fault("signer_unknown", not key and name not in self.unknown, key=name)
            if key:
                may = key.start <= self.seq < key.until and key.role != "checkpoint"
                may = key.start <= self.seq <= key.until if leaf["type"] == "key" else may
                self.fault("key_not_valid", not may, key=name)
                self.fault("signature_invalid", not holds(key.data, message, sig), key=name)
            self.unknown |= set() if key else {name}
    def checkpoint_keys(self, seq):
        return [key for key in self.ring.values() if key.role == "checkpoint" and key.start <= seq < key.until]
    def take_keys(self, text, signers):  # 6
        held, kind = {key.name for key in self.checkpoint_keys(self.seq - 1)}, json.loads(text)["event"]
        need((kind == "genesis") == (self.seq == 0) == (not self.ring))
        if kind == "genesis":
            event = canonical(text, "continues", "event", "keys")
            keys, old = [new_key(named["key"], named["role"], 0) for named in event["keys"]], event["continues"]
            need([key.name for key in keys] == sorted({key.name for key in keys}))
            need("checkpoint" in [key.role for key in keys] and all(len(named) == 2 for named in event["keys"]))
            need(old is None or read_note(old["checkpoint"]) and len(old) == 2 and isinstance(old["reason"], str))
            self.ring = {key.name: key for key in keys}
        elif kind == "add":
            event = canonical(text, "event", "key", "role")
            key = new_key(event["key"], event["role"], self.seq)
            need(self.ring.setdefault(key.name, key) is key)
        else:
            event = canonical(text, "event", "key", *{"retire": [], "revoke": ["since_seq"]}[kind])
            key = self.ring[event["key"]]
            is_sound = decimal(event["since_seq"]) <= self.seq if kind == "revoke" else key.until == ENDLESS
            need(is_sound and not key.doubt)
            need(key.role != "checkpoint" or [left for left in self.checkpoint_keys(self.seq) if left is not key])
            key.until, key.doubt = min(key.until, self.seq), kind == "revoke"
        self.fault("key_event_unauthorized", not (signers & held if self.seq else set(self.ring) <= signers))
    def take_erasure(self, text, _):  # 9
        parts = canonical(text, "parts")["parts"]
        named = [(decimal(part["seq"]), re.fullmatch(NAME, part["name"])[0]) for part in parts]
        need(named and named == sorted(set(named)) and all(len(part) == 2 for part in parts))
        self.erased |= {part for part in named if part[0] < self.seq}
        self.fault("erasure_invalid", named[-1][0] >= self.seq)
    def check_note(self):  # 8; returns the keys that signed
        body, origin, size, _, sigs = self.note
        ids = {sha256(origin.encode(), b"\n\1", key.data)[:4]: key for key in self.ring.values()}
        claims = [(ids.get(sig[:4]), sig[4:]) for name, sig in sigs if name == origin == self.origin]
        valid = self.checkpoint_keys(max(size, 1) - 1)
        doubtful = [key for key, sig in claims if key not in valid or len(sig) != 64]
        if claims and not doubtful and all(holds(key.data, body, sig) for key, sig in claims):
            return [key.data for key, _ in claims]
        self.fault("checkpoint_key_unknown" if doubtful[:1] == [None] else "checkpoint_invalid", size=size)
        return []
    def check_chain(self, size, signed):  # 11, point 11
        known, prevs = zip((bytes(32), None), *self.links, (None, None))
        hashes = [made or prevs[i + 2] for i, made in enumerate(known[1:-1])]
        broken = [None not in (known[i], prevs[i + 1]) and known[i] != prevs[i + 1] for i in range(size)] + [False] * 2
        other = [prevs[i + 2] if broken[i + 1] and not broken[i + 2] else hashes[i] for i in range(size)]
        is_right = None in hashes or root_of(hashes) == signed
        is_altered = not is_right and root_of(other) == signed
        code, here = ("leaf_altered", map(bytes.__ne__, other, hashes)) if is_altered else ("chain_break", broken)
        [self.fault(code, seq=seq) for seq, is_here in enumerate(here) if is_here]
        self.fault("checkpoint_mismatch", not is_right and not is_altered, size=size)
    def finish(self, origin, trusted):
        [self.fault("erased_without_record", seq=s, part=n) for s, n in self.gone if (s, n) not in self.erased]
        self.fault("genesis_missing", not self.ring, seq=0)
        vouchers = self.check_note() if self.note else []
        if self.whole and self.note and len(self.links) == self.note[2]:
            self.check_chain(*self.note[2:4])
        vouchers += [key.data for key in self.ring.values() if key.role == "checkpoint" and key.start == 0]
        is_stranger = trusted and not {*trusted} & {*vouchers}
        self.fault("untrusted", is_stranger or origin not in (None, self.origin), size=self.count)
        return self.faults

def verify(stream, origin=None, trusted=()):
    def read():
        line = stream.readline(LINE_MAX + 1)  # what is not whole or not UTF-8 becomes what no line may be
        return line and (line[:-1].decode(errors="surrogateescape") or "-" if line.endswith(b"\n") else "-")
    bundle = Bundle(*re.fullmatch(HEADER, read() or "-", re.ASCII).groups())
    try:
        bundle.note = read_note(canonical(read(), "checkpoint")["checkpoint"])
        need(not bundle.whole or bundle.note[2] == bundle.count)
    except BAD:
        bundle.fault("line_malformed", line=2)
    while (line := read()) and len(bundle.links) < bundle.count:
        bundle.take_entry(len(bundle.links) + 3, line)
    bundle.fault("line_malformed", line or len(bundle.links) < bundle.count, line=len(bundle.links) + 3)
    return bundle.origin, bundle.finish(origin, trusted)

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=argparse.FileType("rb"))
    parser.add_argument("--key", action="append", default=[], help="a trusted C2SP verifier key")
    parser.add_argument("--origin", help="the ledger that is expected")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    try:
        trusted = [public_key(unbase64(key.split("+", 2)[2])[1:]) for key in options.key]
        origin, faults = verify(options.bundle, options.origin, trusted)
    except (*BAD, OSError, IndexError) as error:
        sys.exit(print(f"unusable: {error}", file=sys.stderr) or 2)
    verdict = {"faults": faults, "origin": origin, "pinned": bool(trusted), "valid": not faults}
    print(dumps(verdict) if options.json else "\n".join([*map(dumps, faults), "broken" if faults else "valid"]))
    trusted or print("no trusted key was given: consistent in itself at best, whoever made it", file=sys.stderr)
    sys.exit(4 if faults else 0)
if __name__ == "__main__":
    main()
