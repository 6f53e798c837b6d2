#!/usr/bin/env python3
"""Verifies a certificate of undo: its bundle, and that each thing it claims is borne out by sealed records.

Written from docs/format.md and docs/undo.md, with Python's standard library alone. Exits with 0 where all holds,
1 where a claim is unfounded, 4 where the bundle is broken, 2 where it is unusable.
"""
import argparse, base64, json, os, sys
import verify_bundle as bundles

UNDO, CERTIFICATE, RECONCILED = "compensate.", "undo.certified", "operation.reconciled"

def records_of(lines):
    """Each record that a bundle shows: its leaf's fields, its statement, and its parts."""
    for line in lines[2:]:
        entry = json.loads(line)
        shown = {name: part["bytes"] for name, part in entry["parts"].items() if isinstance(part, dict)}
        parts = {name: json.loads(base64.b64decode(data)) for name, data in shown.items()}
        if entry["leaf"]["type"] == "record" and "statement" in parts:
            leaf, said = entry["leaf"], parts["statement"]
            yield {
                "seq": int(leaf["seq"]), "id": leaf["id"], "operation": leaf["operation"], "phase": leaf["phase"],
                "parent": said.get("parent"), "action": said["action"], "outcome": said.get("outcome"),
                "tags": said.get("tags", []), "parts": parts,
            }

def content(state):
    return state.get("sha256") or ("unknown" if state.get("unread") else "absent")

def doubt(told, records):
    """Why the records of an operation do not show what a certificate says of it; None where they do."""
    forward = [r for r in records if r["phase"] == "intent" and not r["action"].startswith(UNDO)]
    if not forward or forward[0]["action"] != told["action"]:
        return "what was done is not among the records"
    undos = [r for r in records if r["action"] == UNDO + told["action"]]
    ended = {r["parent"]: r for r in undos if r["phase"] == "outcome"}
    # What was found out later about an undo that was cut off is its outcome too.
    ended.update({r["parent"]: r for r in records if r["action"] == RECONCILED})
    went_well = lambda id: id in ended and ended[id]["outcome"] == "ok"
    state, evidence = told["undone"], told.get("evidence")
    if state == "already":
        return None if any(went_well(r["id"]) for r in undos if r["phase"] == "intent") else "no undo of it went well"
    if state == "not_undoable":
        return None if any("not_undoable" in r["tags"] for r in undos) else "no record says that it has no undo"
    if state == "compensation_failed":
        return "its undo went well" if evidence and went_well(evidence) else None
    if state != "compensated" or not any(r["id"] == evidence and r["phase"] == "intent" for r in undos):
        return "its evidence is not among the records"
    if not went_well(evidence):
        return "its undo did not go well"
    files = told.get("files", [])
    if files and ended[evidence]["parts"].get("result", {}).get("files") != files:
        return "the outcome of its undo tells other files"
    found = forward[0]["parts"].get("before", [])
    found = found if isinstance(found, list) else [found]
    known = {(os.path.basename(f["path"]), content(f)) for f in found}
    if not all(f["restored"] and (os.path.basename(f["path"]), f["to"]) in known for f in files):
        return "a file is not what the call found"

def check(records):
    """Every unfounded claim of every certificate; and how many certificates there are."""
    unfounded, certificates = [], [r for r in records if r["action"] == CERTIFICATE]
    for record in certificates:
        said = record["parts"]["result"]
        back = [o for o in said["operations"] if o["undone"] in ("compensated", "already")]
        not_back = len(said["operations"]) - len(back)
        if (said["undone"], said["not_undone"], said["complete"]) != (len(back), not_back, not not_back):
            unfounded.append((record["seq"], None, "its sums are not those of its operations"))
        for told in said["operations"]:
            before = [r for r in records if r["operation"] == told["operation"] and r["seq"] < record["seq"]]
            if why := doubt(told, before):
                unfounded.append((record["seq"], told["operation"], why))
    return len(certificates), unfounded

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=argparse.FileType("rb"))
    parser.add_argument("--key", action="append", default=[], help="a trusted C2SP verifier key")
    options = parser.parse_args()
    try:
        trusted = [bundles.public_key(bundles.unbase64(key.split("+", 2)[2])[1:]) for key in options.key]
        _, faults = bundles.verify(options.bundle, None, trusted)
        if faults:
            print("\n".join(map(bundles.dumps, faults)))
            sys.exit(4)
        options.bundle.seek(0)
        count, unfounded = check(list(records_of(options.bundle.read().decode().splitlines())))
    except (*bundles.BAD, OSError, IndexError) as error:
        sys.exit(print(f"unusable: {error}", file=sys.stderr) or 2)
    for seq, operation, why in unfounded:
        print(f"record {seq}, operation {operation}: {why}")
    if not count:
        sys.exit(print("unusable: no certificate of undo is in it", file=sys.stderr) or 2)
    trusted or print("no trusted key was given: consistent in itself at best, whoever made it", file=sys.stderr)
    print(f"certificates: {count}, unfounded claims: {len(unfounded)}")
    sys.exit(1 if unfounded else 0)
if __name__ == "__main__":
    main()
