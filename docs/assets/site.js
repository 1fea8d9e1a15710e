"use strict";
// What is wider than its place scrolls by the keyboard, too.
addEventListener("load", () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap, pre > code"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
});

// Filters and sorts the table of models. Without it the whole table is there, in the order of names.
if (document.getElementById("all-models")) (() => {
const table = document.getElementById("all-models");
const rows = [...table.tBodies[0].rows];
const form = document.getElementById("filters");
const fields = Object.fromEntries(["search", "task", "strategy", "metric"].map(id => [id, document.getElementById(id)]));
const cell = (row, key) => row.querySelector(`[data-key="${key}"]`);
const value = (row, key) => cell(row, key).dataset.value ?? cell(row, key).textContent;

function shown(row) {
  return row.textContent.toLowerCase().includes(fields.search.value.trim().toLowerCase())
    && ["task", "strategy"].every(id => !fields[id].value || row.dataset[id] === fields[id].value)
    && (!fields.metric.value || value(row, fields.metric.value) !== "");
}

function filter() {
  for (const row of rows) row.hidden = !shown(row);
  for (const one of table.querySelectorAll("[data-key]"))  // a chosen metric stands alone
    one.hidden = Boolean(fields.metric.value) && isMetric(one.dataset.key) && one.dataset.key !== fields.metric.value;
  const count = rows.filter(row => !row.hidden).length;
  document.getElementById("count").textContent = `${count} of ${rows.length} models`;
  const chosen = Object.entries(fields).filter(([, field]) => field.value).map(([id, field]) => [id, field.value]);
  history.replaceState(null, "", chosen.length ? `#${new URLSearchParams(chosen)}` : location.pathname);
}

function isMetric(key) {
  return [...fields.metric.options].some(option => option.value === key);
}

function sort(key, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const order = (a, b) => {
    const [x, y] = [value(a, key), value(b, key)];
    if (x === "" || y === "") return (x === "") - (y === "");  // a model without the metric comes last
    return sign * (isMetric(key) ? x - y : x.localeCompare(y));
  };
  table.tBodies[0].append(...rows.sort(order));
  for (const head of table.tHead.rows[0].cells)
    head.dataset.key === key ? head.setAttribute("aria-sort", direction) : head.removeAttribute("aria-sort");
}

for (const head of table.tHead.rows[0].cells) {
  const button = document.createElement("button");
  button.textContent = head.textContent;
  button.addEventListener("click", () => {
    const first = head.dataset.first ?? "ascending";
    const now = head.getAttribute("aria-sort");
    sort(head.dataset.key, !now ? first : now === "ascending" ? "descending" : "ascending");
  });
  head.replaceChildren(button);
}

function sortByMetric() {
  const head = table.querySelector(`th[data-key="${fields.metric.value || "model"}"]`);
  sort(head.dataset.key, head.dataset.first ?? "ascending");
}

function restore() {
  for (const [id, text] of new URLSearchParams(location.hash.slice(1))) if (fields[id]) fields[id].value = text;
  if (fields.metric.value) sortByMetric();
  filter();
}

for (const event of ["input", "change"]) {  // not every way to choose an option sends both
  fields.metric.addEventListener(event, sortByMetric);
  form.addEventListener(event, filter);
}
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { sortByMetric(); filter(); }));
addEventListener("hashchange", restore);
form.hidden = false;
restore();
})();
