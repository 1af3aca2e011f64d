// The document, and what follows from it.

/** @param {string} id */
function embedded(id) {
  return JSON.parse(/** @type {HTMLElement} */ (document.getElementById(id)).textContent || "null");
}

/** @type {Doc} */
let doc = embedded("document");
/** @type {Assets} */
const assets = embedded("assets");

/** How an instance stands, with the word for one and a mark for who does not see colours. */
const STATUSES = /** @type {const} */ ({
  running: ["running", "▶"],
  failed: ["failed", "✕"],
  dropped: ["left out", "⊘"],
  ran: ["ran", "✓"],
  restored: ["from the cache", "↺"],
  up_to_date: ["up to date", "–"],
  would_run: ["would run", "○"],
  from_cache: ["would come from the cache", "◔"],
  may_run: ["may run", "◌"],
  unknown: ["cannot be told", "?"],
});
/** @typedef {keyof typeof STATUSES} Status */
const ORDER = /** @type {Status[]} */ (Object.keys(STATUSES));

/** What the last build did, by instance. @type {Map<number, string>} */
let outcomes = new Map();

function index() {
  outcomes = new Map();
  for (const span of doc.timeline ? doc.timeline.spans : []) outcomes.set(span.instance, span.outcome);
}
index();

/** @param {number} i @returns {Status} */
function statusOf(i) {
  const one = doc.instances[i];
  if (one.running) return "running";
  if (one.dropped) return "dropped";
  if (one.failed) return "failed";
  if (one.state !== "up_to_date") return /** @type {Status} */ (one.state in STATUSES ? one.state : "unknown");
  const outcome = outcomes.get(i);
  return outcome === "ran" || outcome === "restored" ? outcome : "up_to_date";
}

/** How many instances of a process stand how. @param {number} p @returns {Map<Status, number>} */
function standing(p) {
  const [first, count] = doc.processes[p].instances;
  /** @type {Map<Status, number>} */
  const counts = new Map();
  for (let i = first; i < first + count; i++) {
    const status = statusOf(i);
    counts.set(status, (counts.get(status) || 0) + 1);
  }
  return new Map(ORDER.filter((status) => counts.has(status)).map((status) => [status, counts.get(status) || 0]));
}

/** What `expops status` says of a process. @param {Record<string, number>} counts */
function statusLine(counts) {
  const words = {
    up_to_date: "up to date", would_run: "would run", from_cache: "would come from the cache",
    may_run: "may run", unknown: "cannot be told", failed_last_time: "failed last time", dropped: "left out",
  };
  return Object.entries(words).filter(([key]) => counts[key]).map(([key, word]) => `${counts[key]} ${word}`).join(", ");
}

/** The arms of an instance. @param {number} i */
function armsOf(i) {
  const arms = doc.instances[i].arms;
  return arms ? arms.split("/") : [];
}

/** Partitions, then seeds, as labels have them: `p2.p1 s41`. @param {string[]} arms */
function armsLabel(arms) {
  const of = (/** @type {string} */ kind) => arms.filter((arm) => arm[0] === kind).join(".");
  return [of("p"), of("s")].filter(Boolean).join(" ");
}

/** @param {number} i */
function labelOf(i) {
  const process = doc.processes[doc.instances[i].process];
  const arms = armsLabel(armsOf(i));
  return arms ? `${process.name} ${arms}` : process.name;
}

/** @param {number} i */
function folderOf(i) {
  const one = doc.instances[i];
  const folder = doc.processes[one.process].folder;
  return one.arms ? `${folder}/${one.arms}` : folder;
}

/** @param {number} i */
function targetOf(i) {
  const arms = armsOf(i);
  const target = doc.processes[doc.instances[i].process].target;
  return arms.length ? `${target}@${arms.join(".")}` : target;
}

/** The canonical path. @param {number} i */
function pathOf(i) {
  const step = (/** @type {string} */ arm) => (arm[0] === "p" ? `*[@partition='${arm}']/` : `*[@seed='${arm.slice(1)}']/`);
  return `//${armsOf(i).map(step).join("")}${doc.processes[doc.instances[i].process].path}`;
}

/** The instance in a folder. @param {string} folder */
function byFolder(folder) {
  for (const process of doc.processes) {
    if (folder !== process.folder && !folder.startsWith(`${process.folder}/`)) continue;
    const [first, count] = process.instances;
    for (let i = first; i < first + count; i++) if (folderOf(i) === folder) return i;
  }
  return -1;
}

/** The tree that paths select from, as `expops graph --format xml` prints it. @type {{xml: XMLDocument, meaning: Map<Node, number>} | null} */
let tree = null;

function buildTree() {
  const xml = document.implementation.createDocument(null, "pipeline", null);
  /** @type {Map<Node, number>} */
  const meaning = new Map();
  const element = (/** @type {Node} */ parent, /** @type {string} */ tag, /** @type {string} */ name) => {
    const made = xml.createElement(tag);
    made.setAttribute("name", name);
    parent.appendChild(made);
    return made;
  };
  doc.instances.forEach((one, i) => {
    const process = doc.processes[one.process];
    const arms = armsOf(i);
    /** @type {Node} */
    let place = xml.documentElement;
    arms.forEach((arm, depth) => {
      const split = doc.layers[process.place[depth]].process;
      const layer = element(place, "process", doc.processes[split].name);
      if (arm[0] === "p") layer.setAttribute("partition", arm);
      else layer.setAttribute("seed", arm.slice(1));
      const meant = splitOf(split, arms);
      if (meant >= 0) meaning.set(layer, meant);
      place = layer;
    });
    const own = element(place, "process", process.name);
    meaning.set(own, i);
    for (const step of process.steps) meaning.set(element(own, "step", step), i);
  });
  return { xml, meaning };
}

/** The instance of a split that opened a layer, seen from inside it. @param {number} split @param {string[]} arms */
function splitOf(split, arms) {
  const process = doc.processes[split];
  const depth = (/** @type {string} */ kind) => process.place.filter((layer) => doc.layers[layer].kind === kind).length;
  const partitions = arms.filter((arm) => arm[0] === "p").slice(0, depth("data"));
  const seeds = arms.filter((arm) => arm[0] === "s").slice(0, depth("seed"));
  if (partitions.length + seeds.length < process.place.length) return -1;
  let number = 0;
  [...partitions, ...seeds].forEach((arm, at) => {
    const layer = doc.layers[process.place[at]];
    number = number * layer.arms.length + layer.arms.indexOf(arm);
  });
  return process.instances[0] + number;
}

/**
 * The instances that an expression selects: XPath 1.0, or the name of a process.
 * @param {string} expression @returns {number[]}
 */
function select(expression) {
  const named = doc.processes.findIndex((process) => process.name === expression);
  if (named >= 0) {
    const [first, count] = doc.processes[named].instances;
    return Array.from({ length: count }, (_, i) => first + i);
  }
  tree ||= buildTree();
  const found = tree.xml.evaluate(expression, tree.xml, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  /** @type {Set<number>} */
  const selected = new Set();
  for (let k = 0; k < found.snapshotLength; k++) {
    const node = /** @type {Node} */ (found.snapshotItem(k));
    const owner = node.nodeType === Node.ATTRIBUTE_NODE ? /** @type {Attr} */ (node).ownerElement : node;
    const meant = owner && tree.meaning.get(owner);
    if (meant !== null && meant !== undefined) selected.add(meant);
  }
  return [...selected];
}

/** Whether a metric is a series by step. @param {unknown} value */
function isSeries(value) {
  const steps = value && typeof value === "object" && !Array.isArray(value) ? Object.keys(value) : [];
  return steps.length > 0 && steps.every((step) => /^-?\d+$/.test(step));
}

/** The points of a metric: step and value. @param {unknown} value @returns {[number, unknown][]} */
function points(value) {
  if (!isSeries(value)) return [[0, value]];
  const series = Object.entries(/** @type {Record<string, unknown>} */ (value));
  return /** @type {[number, unknown][]} */ (series.map(([step, one]) => [Number(step), one])).sort((a, b) => a[0] - b[0]);
}

/** The last value of a series, or the value itself. @param {unknown} value */
function lastOf(value) {
  const all = points(value);
  return all[all.length - 1][1];
}

/** A value of a metric as text. @param {unknown} value */
function shown(value) {
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}
