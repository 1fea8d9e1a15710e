// The page that plays: published models answer a sequence and its reverse complement, in the browser alone.
// Models and runtime arrive as scripts, gzip in base64, so that the page works from a folder of files, too.
"use strict";
if (document.getElementById("play")) (() => {
const TASKS = JSON.parse(document.getElementById("play-tasks").textContent);
const [form, task, example, dna, message, answers] =
  ["play", "play-task", "play-example", "play-dna", "play-message", "play-answers"].map(id => document.getElementById(id));
const ROUNDING = 1e-5;  // of float32 sums of some hundred terms, in logits of about 10
const FOLDER = "assets/play/";
const arriving = new Map(), sessions = new Map();
let turn = 0;  // of the questions asked; an answer that comes after the next question is dropped

globalThis.rczooArrived = (name, text) => arriving.get(name).resolve(text);

function load(name) {
  const script = document.createElement("script");
  const text = new Promise((resolve, reject) => {
    arriving.set(name, {resolve});
    script.onerror = () => reject(new Error(`${script.src} is not there`));
  });
  script.src = FOLDER + name.replace("/", "-") + ".js";
  document.head.append(script);
  return text.then(async packed => {
    const {body} = await fetch(`data:application/gzip;base64,${packed}`);
    return new Uint8Array(await new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  });
}

async function start() {  // the runtime, once
  const [library, glue, wasm] = await Promise.all(["library", "glue", "wasm"].map(load));
  const address = code => URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
  const ort = await import(address(library));
  Object.assign(ort.env.wasm, {numThreads: 1, wasmBinary: wasm.buffer, wasmPaths: {mjs: address(glue)}});
  return ort;
}

async function run(name, letters) {  // the outputs for both strands, [the sequence, its reverse complement]
  const ort = await (run.ort ??= start());
  if (!sessions.has(name)) sessions.set(name, load(name).then(file => ort.InferenceSession.create(file)));
  const strands = [letters, turned(letters)], length = letters.length;
  const X = new Float32Array(2 * 4 * length);
  strands.forEach((strand, n) => [...strand].forEach((base, at) => {
    if (base !== "N") X[(4 * n + "ACGT".indexOf(base)) * length + at] = 1;
  }));
  const session = await sessions.get(name);
  const {logits} = await session.run({X: new ort.Tensor("float32", X, [2, 4, length])});
  const size = logits.data.length / 2;
  return [0, 1].map(n => Array.from(logits.data.subarray(n * size, (n + 1) * size)));
}

function turned(letters) {
  const other = {A: "T", C: "G", G: "C", T: "A", N: "N"};
  return [...letters].reverse().map(base => other[base]).join("");
}

function bases(text) {  // without a FASTA heading, spaces and line ends
  return text.replace(/^\s*>.*$/gm, "").replace(/\s/g, "").toUpperCase();
}

function fault(letters, length) {
  const at = letters.search(/[^ACGTN]/);
  if (at >= 0) return `"${letters[at]}" at letter ${at + 1} is none of A, C, G, T, N`;
  const more = letters.length - length;
  if (more < 0) return `the models read ${length} letters, ${letters.length} are given: ${-more} too few; "Fit" adds N around them`;
  if (more > 0) return `the models read ${length} letters, ${letters.length} are given: ${more} too many; "Fit" keeps the middle`;
  return "";
}

function fitted(letters, length) {
  const skip = Math.floor(Math.abs(letters.length - length) / 2);
  return letters.length > length ? letters.slice(skip, skip + length)
    : letters.padStart(letters.length + skip, "N").padEnd(length, "N");
}

function element(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "text"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function softmax(logits) {
  const top = Math.max(...logits), powers = logits.map(x => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map(x => x / sum);
}

function difference(one, other) {
  return Math.max(...one.map((x, n) => Math.abs(x - other[n])));
}

function verdict(apart, what) {
  const same = apart < ROUNDING;
  const text = same ? `The same answer for both strands, to rounding (${apart.toExponential(0)}).`
    : `Two answers to one molecule: ${what} differ by up to ${apart.toPrecision(2)}.`;
  return element("p", {class: same ? "same" : "apart"}, text);
}

function download(name, rows) {
  const text = rows.map(row => row.join("\t")).join("\n") + "\n";
  const href = `data:text/tab-separated-values,${encodeURIComponent(text)}`;
  return element("p", {}, element("a", {href, download: `${name.replace("/", "-")}.tsv`}, "Numbers as a table"));
}

function showLabels(name, names, [one, other]) {
  const cell = (tag, text) => element(tag, tag === "th" ? {scope: "col"} : {}, text);
  const heads = ["motif", "sequence", "reverse complement"];
  const rows = names.map((label, n) => {
    const flips = one[n] > 0 !== other[n] > 0 ? " (the call flips)" : "";
    return element("tr", {}, ...[label, one[n].toFixed(3), other[n].toFixed(3) + flips].map(text => cell("td", text)));
  });
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads.map(text => cell("th", text)))),
    element("tbody", {}, ...rows));
  return [element("p", {}, "Logits; above 0 the model calls the motif."), table, verdict(difference(one, other), "the logits"),
    download(name, [heads, ...names.map((label, n) => [label, one[n], other[n]])])];
}

function showProfiles(name, answered) {
  const [one, other] = answered.map(logits => {
    const half = logits.length / 2;
    return [softmax(logits.slice(0, half)), softmax(logits.slice(half))];
  });
  const demanded = [[...one[1]].reverse(), [...one[0]].reverse()];
  const top = Math.max(...one.flat(), ...other.flat());
  const apart = Math.max(difference(other[0], demanded[0]), difference(other[1], demanded[1]));
  const middle = (one[0].length - 1) / 2;
  const rows = one[0].map((plus, n) => [n - middle, plus, one[1][n], other[0][n], other[1][n]]);
  return [picture("The sequence", one, top), picture("Its reverse complement", other, top, demanded),
    verdict(apart, "the shares of reads"),
    download(name, [["position", "plus", "minus", "plus of the reverse complement", "minus of the reverse complement"], ...rows])];
}

function picture(title, [plus, minus], top, demanded) {  // plus upwards, minus downwards: to turn is to turn the page
  const [width, height, left, foot] = [420, 170, 46, 34], middle = (height - foot) / 2;
  const x = n => left + n * (width - left - 8) / (plus.length - 1);
  const y = value => middle - value / top * (middle - 8);
  const line = (values, sign, kind) => element("path", {
    class: kind, d: values.map((value, n) => `${n ? "L" : "M"}${x(n).toFixed(1)} ${y(sign * value).toFixed(1)}`).join("")});
  const text = (at, height, anchor, words) => element("text", {x: at, y: height, "text-anchor": anchor}, words);
  const half = (plus.length - 1) / 2;
  const drawing = element("svg", {viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${title}, profile over ${plus.length} bases; the highest share is ${top.toPrecision(2)}`},
    element("line", {x1: left, x2: width - 8, y1: middle, y2: middle, class: "axis"}),
    element("line", {x1: left, x2: left, y1: 8, y2: height - foot - 8, class: "axis"}),
    ...[[1, 12], [0, middle + 4], [-1, height - foot - 4]].map(([sign, at]) => text(left - 5, at, "end", (Math.abs(sign) * top).toPrecision(2).replace(/^0\.0*$/, "0"))),
    ...[0, half, 2 * half].map(n => text(x(n), height - 18, n ? n > half ? "end" : "middle" : "start", `${n - half}`)),
    text(x(half), height - 3, "middle", "bases from the centre"), text(left + 6, 14, "start", "share of reads"),
    ...(demanded ? [line(demanded[0], 1, "demanded"), line(demanded[1], -1, "demanded")] : []),
    line(plus, 1, "plus"), line(minus, -1, "minus"));
  return element("figure", {}, element("figcaption", {}, title), drawing);
}

function panel({title, models}) {
  const body = element("div", {role: "status"}), name = element("p", {}), parts = [element("h3", {}, title), name];
  let chosen = 0;
  const named = () => name.replaceChildren(element("code", {}, models[chosen].name));
  if (models.length > 1) {
    const last = models.length - 1, id = "play-mixing";
    const slider = element("input", {id, type: "range", min: 0, max: last, step: 1, value: 0});
    const label = element("label", {for: id});
    const say = () => {
      label.textContent = `mixing ${models[chosen].mixing}, from 0 (conjoined) to 1 (RCPS)`;
      slider.setAttribute("aria-valuetext", models[chosen].mixing);
    };
    slider.addEventListener("input", () => { chosen = Number(slider.value); say(); named(); ask(); });
    say();
    parts.push(element("p", {}, label, slider));
  }
  named();
  answers.append(element("section", {"data-panel": ""}, ...parts, body));
  return {body, model: () => models[chosen].name};
}

let panels = [];

async function ask() {
  const mine = ++turn, now = TASKS[task.value], letters = bases(dna.value), wrong = fault(letters, now.length);
  message.textContent = wrong ? `Cannot be read: ${wrong}.` : "The models are computing.";
  dna.setAttribute("aria-invalid", Boolean(wrong));
  answers.hidden = Boolean(wrong);
  if (wrong) return;
  try {
    for (const {body, model} of panels) {
      const name = model(), answered = await run(name, letters);
      if (mine !== turn) return;
      body.replaceChildren(...now.labels.length ? showLabels(name, now.labels, answered) : showProfiles(name, answered));
    }
    message.textContent = `${letters.length} letters, read on both strands.`;
  } catch (error) {
    message.textContent = `The models could not be run: ${error.message}.`;
  }
}

function write(letters) {
  dna.value = letters.replace(/(.{50})/g, "$1\n").trim();
  ask();
}

function choose() {
  const now = TASKS[task.value];
  example.replaceChildren(...now.examples.map(({name}) => element("option", {}, name)));
  answers.replaceChildren();
  panels = now.panels.map(panel);
  write(now.examples[0].letters);
}

task.append(...Object.entries(TASKS).map(([value, {title}]) => element("option", {value}, title)));
task.addEventListener("change", choose);
example.addEventListener("change", () => write(TASKS[task.value].examples[example.selectedIndex].letters));
dna.addEventListener("input", ask);
form.addEventListener("submit", event => event.preventDefault());
document.getElementById("play-turn").addEventListener("click", () => {
  const letters = bases(dna.value), wrong = fault(letters, letters.length);
  wrong ? ask() : write(turned(letters));
});
document.getElementById("play-fit").addEventListener("click", () => write(fitted(bases(dna.value), TASKS[task.value].length)));
form.hidden = false;
choose();
})();
