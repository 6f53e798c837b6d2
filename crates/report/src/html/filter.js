// Hides findings that are not asked for. Without it, all of them are there.
"use strict";
(() => {
  const bar = document.getElementById("filter"), rows = [...document.querySelectorAll("#list tr[data-id]")];
  if (bar === null || rows.length === 0) return;
  const words = document.getElementById("words"), rule = document.getElementById("rule"), count = document.getElementById("count");
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const severities = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    rows.forEach((row, at) => {
      const fits = severities.has(row.dataset.severity) && (rule.value === "" || rule.value === row.dataset.rule) &&
        wanted.every((word) => texts[at].includes(word));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    count.textContent = shown === rows.length ? `${rows.length} findings` : `${shown} of ${rows.length} findings`;
  };
  for (const name of [...new Set(rows.map((row) => row.dataset.rule))].sort()) rule.add(new Option(name, name));
  bar.addEventListener("input", apply);
  bar.addEventListener("reset", () => setTimeout(apply));
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.hidden = false;
  apply();
})();
