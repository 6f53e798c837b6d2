// Checks the page that it is in: the bundle that the page carries, and that what the page says of coverage and
// findings is what was sealed. What is said here is in the words of the program (`views/words.rs`, `text.rs`).
"use strict";
const sealbookWords = (() => {
  const UNSEEN = new RegExp("[\\p{Cc}\\u00AD\\u034F\\u0600-\\u0605\\u061C\\u06DD\\u070F\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F" +
    "\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u2800\\u3164\\u{E000}-\\u{F8FF}\\uFE00-\\uFE0D\\uFEFF\\uFFA0\\uFFF0-\\uFFFB" +
    "\\u{110BD}\\u{110CD}\\u{13430}-\\u{1343F}\\u{1BCA0}-\\u{1BCA3}\\u{1D173}-\\u{1D17A}\\u{E0000}-\\u{E0FFF}\\u{F0000}-\\u{10FFFF}]", "gu");
  const NAMED = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const shown = (text) => text.replace(UNSEEN, (char) => NAMED[char] ?? `\\u{${char.codePointAt(0).toString(16)}}`);
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  const bytes = (count) => {
    let unit = 0, divisor = 1n;
    while (BigInt(count) >= divisor * 1024n && unit < 4) { divisor *= 1024n; unit += 1; }
    if (unit === 0) return `${count} B`;
    const tenths = BigInt(count) * 10n, half = (tenths % divisor) * 2n;
    let rounded = tenths / divisor;
    if (half > divisor || (half === divisor && rounded % 2n === 1n)) rounded += 1n;
    return `${rounded / 10n}.${rounded % 10n} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
  };
  const time = (us) => {
    const micros = BigInt(us), rest = ((micros % 1000000n) + 1000000n) % 1000000n;
    const second = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, 19);
    return `${second}.${String(rest).padStart(6, "0")}Z`;
  };
  const ranges = (list) => {
    const told = list.slice(0, 5).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
    return list.length > 5 ? `${told}, ${list.length - 5} more` : told;
  };
  const place = (location) => {
    if (!location) return "";
    const line = location.line === undefined ? "" : `:${location.line}`;
    return `${location.path}${line}${line !== "" && location.column !== undefined ? `:${location.column}` : ""}`;
  };
  const path = (given) => {
    if (typeof given === "string") return given;
    const raw = Uint8Array.from(atob(given.b64), (char) => char.charCodeAt(0));
    let text = "";
    for (let at = 0; at < raw.length;) {
      const length = [4, 3, 2, 1].find((length) => {
        try { return [...new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw.subarray(at, at + length))].length === 1; } catch { return false; }
      });
      text += length ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw.subarray(at, at + length)) : `\\x${raw[at].toString(16).padStart(2, "0")}`;
      at += length ?? 1;
    }
    return text;
  };
  return { shown, grouped, bytes, time, ranges, place, path };
})();

// What the sealed records of a run say, in the words of the page.
function sealbookRun(entries, run, decode) {
  const { shown, grouped, bytes, time, ranges, place, path } = sealbookWords;
  const part = (entry, name) => {
    const shownPart = entry.parts.get(name);
    return shownPart === undefined || typeof shownPart === "string" ? undefined : JSON.parse(decode(shownPart.bytes));
  };
  const own = entries.filter((entry) => entry.leaf.operation === run)
    .map((entry) => ({ entry, phase: entry.leaf.phase, statement: part(entry, "statement") }));
  const of = (action, phase) => own.filter((it) => it.statement?.action === action && (phase === undefined || it.phase === phase));
  const [intent] = of("audit.run", "intent"), outcome = of("audit.run", "outcome").at(-1);
  if (intent === undefined) return undefined;
  const result = outcome && part(outcome.entry, "result");
  const head = {
    target: shown(intent.statement.target.id), actor: shown(intent.statement.actor.id),
    began: time(intent.entry.leaf.occurred_us), isComplete: result?.complete === true,
  };

  const analyses = of("analysis.run"), rules = new Map();
  for (const { entry } of own) {
    const input = part(entry, "input");
    if (typeof input?.analyzer === "string" && Array.isArray(input.rules)) rules.set(input.analyzer, input.rules.length);
  }
  const findings = analyses.flatMap(({ entry }) => part(entry, "findings") ?? []);
  const known = new Set(findings.map((finding) => finding.id));
  for (const { entry } of own) {
    for (const finding of part(entry, "findings") ?? []) {
      if (!known.has(finding.id)) { known.add(finding.id); findings.push(finding); }
    }
  }
  const failed = (name, error) => `${name}: failed: ${error.message} (${error.code})`;
  const items = [], sources = [], analyzers = [];
  for (const source of result?.sources ?? []) {
    const coverage = source.coverage ?? null, skipped = Object.values(coverage?.skipped_by_reason ?? {}).reduce((sum, count) => sum + count, 0);
    sources.push(coverage === null ? [source.source, grouped(source.records), "failed", "", "", ""] : [
      source.source, grouped(source.records), grouped(coverage.covered), bytes(coverage.bytes), grouped(coverage.ignored), grouped(skipped)]);
    if (source.error) items.push(failed(source.source, source.error));
    if (coverage === null) continue;
    for (const [why, count] of Object.entries(coverage.skipped_by_reason)) items.push(`${source.source}: ${grouped(count)} skipped: ${why}`);
    const told = coverage.skipped.slice(0, 20);
    for (const { path: which, why, detail } of told) items.push(`${path(which)}: ${why}${detail === null || detail === undefined ? "" : ` (${detail})`}`);
    if (skipped > told.length && coverage.skipped.length > 0) items.push(`… and ${grouped(skipped - told.length)} more`);
    for (const note of coverage.notes) items.push(`${source.source}: ${note}`);
  }
  for (const analysis of result?.analyses ?? []) {
    const found = analysis.findings === null || analysis.findings === undefined ? "failed" : grouped(analysis.findings);
    analyzers.push([analysis.analyzer, grouped(analysis.records), grouped(rules.get(analysis.analyzer) ?? 0), found]);
    if (analysis.error) items.push(failed(analysis.analyzer, analysis.error));
  }
  const isHidden = own.some(({ entry }) => entry.parts.get("findings") === "withheld");
  const expected = (result?.analyses ?? []).reduce((sum, analysis) => sum + (analysis.findings ?? 0), 0);
  const isWhole = !isHidden && expected <= findings.length;
  return {
    head, sources: sources.map((row) => row.map(shown)), analyzers: analyzers.map((row) => row.map(shown)), items: items.map(shown), isWhole,
    advice: new Set(findings.filter((it) => it.recommendation).map((it) => `${shown(it.rule)}: ${shown(it.recommendation)}`)),
    findings: findings.map((it) => ({
      id: it.id, severity: it.severity, rule: shown(it.rule),
      cells: [it.severity, shown(it.rule), shown(place(it.location)), shown(it.message), ranges(it.evidence ?? [])],
    })),
  };
}

if (globalThis.document !== undefined) (async () => {
  const box = document.getElementById("verdict"), { grouped } = sealbookWords;
  const element = (tag, ...children) => { const made = document.createElement(tag); made.append(...children); return made; };
  const say = (state, heading, ...blocks) => {
    box.replaceChildren(element("h2", heading), ...blocks.map((block) => (typeof block === "string" ? element("p", block) : block)));
    box.dataset.state = state;
  };
  const bundle = document.getElementById("bundle");
  if (box === null || bundle === null) return;
  const other = "Check it with the program instead: sealbook verify --bundle THIS-FILE --key KEY";
  if (globalThis.crypto?.subtle === undefined) {
    return say("unable", "Not checked", "This browser gives pages that are opened like this no cryptography.", other);
  }
  const verifier = sealbookVerifier(crypto.subtle);
  let bytes;
  try { bytes = verifier.ofBase64(bundle.textContent); } catch {
    return say("bad", "This page was altered", "What it carries cannot be read.", other);
  }
  const save = () => {
    const button = element("button", "Save the bundle");
    button.type = "button";
    button.addEventListener("click", () => {
      const link = element("a");
      link.href = URL.createObjectURL(new Blob([bytes]));
      link.download = "report.sealbundle";
      link.click();
    });
    return button;
  };
  const row = (...children) => { const made = element("div", ...children); made.className = "row"; return made; };
  say("waiting", "Checking…");
  const report = await verifier.verify(bytes, [], async (done, all) => {
    say("waiting", `Checking… ${grouped(done)} of ${grouped(all)}`);
    await new Promise((next) => setTimeout(next));
  });
  if (report === undefined) return say("bad", "This page was altered", "What it carries is no bundle.", other, row(save()));
  if (!report.valid) {
    const shown = report.faults.slice(0, 20).map(({ code, ...place }) => element("li", `${code} ${Object.entries(place).map(([name, value]) => `${name} ${value}`).join(", ")}`));
    const more = report.faults.length > 20 ? [`… and ${grouped(report.faults.length - 20)} more`] : [];
    return say("bad", `What this page carries was altered: ${grouped(report.faults.length)} fault${report.faults.length === 1 ? "" : "s"}`, element("ul", ...shown), ...more, row(save()));
  }

  const run = sealbookRun(report.entries, box.dataset.run, verifier.decode), extent = box.dataset.extent;
  const differences = compare(run);
  const badges = { coverage: run !== undefined && run.head !== undefined, findings: run !== undefined && run.isWhole };
  for (const badge of document.querySelectorAll("[data-proof]")) {
    const name = badge.dataset.proof;
    if (name === "none") continue;
    const differs = differences.some((difference) => difference.where === name);
    badge.dataset.state = differs ? "bad" : badges[name] ? "good" : "none";
    badge.textContent = differs ? "differs from what was sealed" : badges[name] ? "agrees with the sealed records that this page carries" : "not proven: the page does not carry the records of it";
  }
  if (differences.length > 0) {
    const told = differences.slice(0, 20).map(({ what }) => element("li", what));
    return say("bad", "This page does not say what was sealed", element("ul", ...told), row(save()));
  }
  tell();

  // What the page shows and what was sealed, side by side.
  function compare(run) {
    const found = [], differ = (where, what) => found.push({ where, what });
    if (run === undefined) { differ("coverage", "the records of this audit are not among those that the page carries"); return found; }
    const text = (name) => document.querySelector(`[data-sealed=${name}]`)?.textContent;
    for (const name of ["target", "actor", "began"]) if (text(name) !== run.head[name]) differ("coverage", `${name}: sealed is ${run.head[name]}`);
    const isComplete = text("complete") === "complete";
    if (isComplete && !run.head.isComplete) differ("coverage", "coverage: sealed is that not everything was read");
    if (!isComplete && text("complete") !== "INCOMPLETE") differ("coverage", "coverage: the page does not say whether it is complete");
    for (const [kind, sealed] of [["source", run.sources], ["analyzer", run.analyzers]]) {
      const rows = [...document.querySelectorAll(`tr[data-row=${kind}]`)].map((row) => [...row.cells].map((cell) => cell.textContent));
      if (JSON.stringify(rows) !== JSON.stringify(sealed)) differ("coverage", `the table of ${kind}s is not what was sealed`);
    }
    const items = [...document.querySelectorAll("#unread li")].map((item) => item.textContent);
    const extra = isComplete ? [] : items.filter((item) => item.startsWith("records of this run cannot be read"));
    const told = items.filter((item) => !extra.includes(item));
    if (JSON.stringify(told) !== JSON.stringify(run.items)) differ("coverage", "the list of what was not read is not what was sealed");
    if (run.isWhole) compareFindings(run, differ);
    return found;
  }

  function compareFindings(run, differ) {
    const left = run.findings.map((finding) => ({ ...finding, isShown: false }));
    const rows = [...document.querySelectorAll("#list tr[data-id]")], byId = new Map();
    for (const finding of left) byId.set(finding.id, [...(byId.get(finding.id) ?? []), finding]);
    for (const row of rows) {
      const cells = [...row.cells].map((cell) => cell.textContent);
      const finding = byId.get(row.dataset.id)?.find((it) => !it.isShown && JSON.stringify(it.cells) === JSON.stringify(cells) &&
        it.severity === row.dataset.severity && it.rule === row.dataset.rule);
      if (finding === undefined) differ("findings", `shown and not sealed so: ${cells.join(" | ").slice(0, 200)}`);
      else finding.isShown = true;
    }
    const order = ["critical", "error", "warning", "info", "debug"], weight = (it) => order.indexOf(it.severity);
    const missing = left.filter((it) => !it.isShown), last = Math.max(-1, ...left.filter((it) => it.isShown).map(weight));
    for (const finding of missing) {
      if (rows.length < 2000 || weight(finding) < last) differ("findings", `sealed and not shown: ${finding.cells.join(" | ").slice(0, 200)}`);
    }
    const counts = order.map((severity) => [severity, left.filter((it) => it.severity === severity).length]).filter(([, count]) => count > 0);
    const tally = counts.map(([severity, count]) => `${grouped(count)} ${severity}`).join(", ") || "none";
    if (document.querySelector("[data-sealed=tally]")?.textContent !== tally) differ("findings", `the count of findings: sealed is ${tally}`);
    const shownCounts = [...document.querySelectorAll("[data-tally]")].map((cell) => [cell.dataset.tally, cell.textContent]);
    if (JSON.stringify(shownCounts) !== JSON.stringify(counts.map(([name, count]) => [name, grouped(count)]))) differ("findings", "the counts by severity are not those of what was sealed");
    const advice = [...document.querySelectorAll("#advice li")].map((item) => item.textContent);
    if (advice.length !== run.advice.size || !advice.every((item) => run.advice.has(item))) differ("findings", "what to do is not what was sealed");
  }

  function tell() {
    const count = `${grouped(report.entries.length)} ${report.entries.length === 1 ? "leaf" : "leaves"}`;
    const size = `the ${grouped(report.size)} that the book has`;
    const what = {
      book: `It carries ${count}, all of ${size}, with the content of those that it tells of: nothing was altered, left out, put in or moved.`,
      shown: `It carries ${count} of ${size}, each with the proof that it is in the book: none was altered. What else the book holds cannot be seen from here.`,
      run: `It carries ${count} of ${size}, among them those that begin and end the audit: none was altered. The findings are too large to be carried; nothing here proves them.`,
    }[extent] ?? "";
    const keys = report.signers.map((key) => verifierKey(key.bytes, key.id));
    const input = element("input"), compareWith = element("button", "Compare"), said = element("p");
    input.type = "text";
    input.placeholder = "the key that you were given elsewhere";
    input.setAttribute("aria-label", "The key that you were given elsewhere");
    compareWith.type = "button";
    compareWith.id = "compare";
    compareWith.addEventListener("click", () => {
      const given = input.value.trim(), fits = keys.includes(given);
      box.dataset.state = fits ? "good" : "bad";
      said.id = "compared";
      said.textContent = fits ? "That is the key: this is the book that you know." : "That is another key: this is not the book that you know.";
    });
    const shown = keys.map((key) => { const code = element("code", key); code.className = "key"; return element("p", code); });
    say("good", "This page agrees with what was sealed", what,
      "The checkpoint is signed by this key. Compare it with one that you were given elsewhere; until then this says that the page agrees with itself, whoever made it.",
      ...shown, row(input, compareWith, save()), said);
  }
  function verifierKey(key, id) {
    return `${report.origin}+${id}+${verifier.base64Of(Uint8Array.from([1, ...key]))}`;
  }
})();
