// What is told of a process, a layer or an instance, beside the picture.

/** @param {string} title @param {...Child} children */
function section(title, ...children) {
  return h("section", {}, h("h3", {}, title), ...children);
}

/** A list of terms. @param {[string, Child][]} pairs @param {string} [kind] */
function terms(pairs, kind) {
  const told = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  return h("dl", { class: kind }, told.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", { dir: "auto" }, value))));
}

/** A link to an instance. @param {number} i */
function instanceLink(i) {
  return h("a", { href: address("instance", folderOf(i)), dir: "auto" }, labelOf(i));
}

/** @param {Status} status */
function badge(status) {
  return h("span", { class: `badge ${status}` }, h("span", { "aria-hidden": "true" }, STATUSES[status][1]), ` ${STATUSES[status][0]}`);
}

/** What all statuses look like, with how many there are. */
function legend() {
  /** @type {Map<Status, number>} */
  const counts = new Map();
  doc.instances.forEach((_, i) => counts.set(statusOf(i), (counts.get(statusOf(i)) || 0) + 1));
  return h("ul", { class: "legend" }, ORDER.filter((status) => counts.has(status)).map((status) =>
    h("li", {}, badge(status), h("b", {}, (counts.get(status) || 0).toLocaleString("en")))));
}

function overviewPanel() {
  const rows = doc.processes.map((process) => h("tr", {},
    h("th", { scope: "row" }, h("a", { href: address("process", process.name), dir: "auto" }, process.name)),
    h("td", { class: "number" }, process.instances[1].toLocaleString("en")),
    h("td", { class: "words" }, statusLine(process.counts))));
  return h("div", {}, h("h2", {}, "All processes"), legend(),
    h("table", {}, h("caption", { class: "unseen" }, "Processes"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "process"), h("th", { scope: "col", class: "number" }, "instances"), h("th", { scope: "col" }, "state"))),
      h("tbody", {}, rows)),
    doc.left_out.map((text) => h("p", { class: "hint" }, `Left out: ${text}.`)));
}

/** @param {number} p */
function processPanel(p) {
  const process = doc.processes[p];
  const [first, count] = process.instances;
  const list = Array.from({ length: count }, (_, k) => first + k);
  const link = (/** @type {number} */ other) => h("a", { href: address("process", doc.processes[other].name), dir: "auto" }, doc.processes[other].name);
  const links = (/** @type {number[]} */ others) => others.flatMap((other, k) => (k ? [", ", link(other)] : [link(other)]));
  const layerLink = (/** @type {number} */ l) => h("a", { href: address("layer", String(l)), dir: "auto" }, layerTitle(l));
  const inner = process.place.length > 1 ? doc.layers[process.place[process.place.length - 1]].arms.length : 1;
  const grid = count > 1 ? gridView(list, (i) => go("instance", folderOf(i)), inner) : null;
  return h("div", {}, h("p", { class: "kind" }, KINDS[process.kind]), h("h2", { dir: "auto" }, process.name),
    process.description && h("p", { dir: "auto" }, process.description),
    h("p", {}, statusLine(process.counts)),
    grid ? section(`${plural(count, "instance")}`, grid.element, instanceList(list)) : section("Instance", h("p", {}, instanceLink(first), " ", badge(statusOf(first)))),
    section("What it is", terms([
      ["runs", process.runs && h("code", { dir: "auto" }, process.runs)],
      ["function", process.code && `${process.code[0]}, line ${process.code[1]}`],
      ["project file", `${doc.project.file}, line ${process.line}`],
      ["inputs from", process.upstreams.length ? h("span", {}, links(process.upstreams)) : ""],
      ["plots", process.plots.length ? h("span", {}, links(process.plots)) : ""],
      ["lives in", process.place.length ? h("span", {}, process.place.flatMap((l, k) => (k ? [", ", layerLink(l)] : [layerLink(l)]))) : ""],
      ["opens", process.opens !== undefined && layerLink(process.opens)],
      ["closes", process.closes.length ? h("span", {}, process.closes.map(layerLink)) : ""],
      ["environment", process.environment],
      ["steps", process.steps.join(", ")],
    ])),
    process.parameters && section("Parameters", terms(Object.entries(process.parameters).map(([name, value]) => [name, h("code", {}, JSON.stringify(value))]))));
}

/** A list of instances that grows on request. @param {number[]} list */
function instanceList(list) {
  const order = new Map(ORDER.map((status, k) => [status, k]));
  const notable = [...list].sort((a, b) => (order.get(statusOf(a)) || 0) - (order.get(statusOf(b)) || 0) || a - b);
  const body = h("tbody");
  let shownCount = 0;
  const more = h("button", { type: "button", onclick: () => grow(200) }, "Show more");
  const grow = (/** @type {number} */ by) => {
    const next = notable.slice(shownCount, shownCount + by);
    body.append(...next.map((i) => {
      const { last } = doc.instances[i];
      return h("tr", {}, h("th", { scope: "row" }, instanceLink(i)), h("td", {}, badge(statusOf(i))),
        h("td", { class: "number" }, last && last.outcome === "ran" ? duration(last.ran) : ""));
    }));
    shownCount += next.length;
    more.hidden = shownCount >= notable.length;
  };
  grow(list.length > 400 ? 12 : 40);
  return h("div", {}, h("table", {}, h("caption", { class: "unseen" }, "Instances"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "instance"), h("th", { scope: "col" }, "state"), h("th", { scope: "col", class: "number" }, "ran"))), body), more);
}

/** @param {number} l */
function layerPanel(l) {
  const layer = doc.layers[l];
  const split = doc.processes[layer.process];
  const sets = Object.entries(layer.partitions || {});
  const table = (/** @type {string} */ i, /** @type {(Partition | null)[]} */ parts) => {
    const total = parts.reduce((sum, part) => sum + ((part && part.rows) || 0), 0);
    const rows = parts.slice(0, 500).map((part, k) => h("tr", {}, h("th", { scope: "row" }, layer.arms[k]),
      h("td", { class: "number" }, part && part.rows !== undefined ? part.rows.toLocaleString("en") : ""),
      h("td", { class: "number" }, part && part.bytes !== undefined ? size(part.bytes) : ""),
      h("td", {}, part ? h("code", {}, part.digest) : "not made")));
    return section(sets.length > 1 ? labelOf(Number(i)) : `${plural(total, "row")} in ${plural(parts.length, "partition")}`,
      h("table", {}, h("caption", { class: "unseen" }, `Partitions of ${labelOf(Number(i))}`),
        h("thead", {}, h("tr", {}, ["partition", "rows", "size", "digest"].map((name, k) => h("th", { scope: "col", class: k === 1 || k === 2 ? "number" : null }, name)))),
        h("tbody", {}, rows)),
      parts.length > 500 && h("p", { class: "hint" }, `and ${parts.length - 500} more`));
  };
  const members = doc.processes.filter((process) => process.place.includes(l));
  return h("div", {}, h("p", { class: "kind" }, layer.kind === "seed" ? "layer of seeds" : "layer of data"), h("h2", { dir: "auto" }, layerTitle(l)),
    terms([
      ["opened by", h("a", { href: address("process", split.name) }, split.name)],
      ["cut by", layer.by !== undefined && h("code", {}, typeof layer.by === "string" ? layer.by : JSON.stringify(layer.by))],
      ["seeds", layer.kind === "seed" && layer.arms.map((arm) => arm.slice(1)).join(", ")],
      ["in it", h("span", {}, members.flatMap((process, k) => [k ? ", " : "", h("a", { href: address("process", process.name) }, process.name)]))],
    ]),
    sets.slice(0, 20).map(([i, parts]) => table(i, parts)));
}

/** Reasons as nested lists. @param {Reason[]} reasons @returns {Leaf} */
function reasonList(reasons) {
  if (!reasons.length) return null;
  return h("ul", { class: "reasons" }, reasons.map((reason) => h("li", { dir: "auto" }, reason.text, reason.because && reasonList(reason.because))));
}

/** What a value begins with. @param {Head} head */
function headView(head) {
  if (head.kind === "image") return h("img", { src: head.url, alt: "", loading: "lazy" });
  if (head.kind === "array") return h("p", {}, `${head.dtype}, ${(head.shape || []).join(" × ") || "scalar"}`);
  if (head.kind === "text") return h("pre", { tabindex: 0, dir: "auto" }, `${head.text}${head.is_cut ? "…" : ""}`);
  return tableHead(head);
}

/** The first rows of a table: the index of a frame first, types below the names. @param {Head} head */
function tableHead(head) {
  const { columns = [], types = [], rows = [], index = 0, size: whole } = head;
  const name = (/** @type {string} */ text, /** @type {number} */ k) => h("th", { scope: "col", dir: "auto", class: k < index ? "index" : null },
    text || (k < index ? "index" : ""), types[k] && h("span", { class: "type" }, types[k]));
  const cell = (/** @type {string | null} */ one, /** @type {number} */ k) =>
    k < index ? h("th", { scope: "row", dir: "auto", class: "index" }, one === null ? "null" : one)
      : h("td", { dir: "auto", class: one === null ? "missing" : null }, one === null ? "null" : one);
  const all = whole && `${plural(whole[0], "row")}, ${plural(whole[1], "column")}`;
  return h("div", {}, h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "first rows" }, h("table", { class: "data" },
    h("thead", {}, h("tr", {}, columns.map(name))), h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell)))))),
    (head.is_cut || all) && h("p", { class: "hint" }, head.is_cut ? (all ? `the first of ${all}` : "and more") : all));
}

/** @param {Output} output */
function outputView(output) {
  const facts = [output.format, output.rows !== undefined && plural(output.rows, "row"), output.bytes !== undefined && size(output.bytes), output.digest];
  const name = assets.is_live ? h("a", { href: `file?path=${encodeURIComponent(output.file)}`, target: "_blank", rel: "noopener" }, output.key) : output.key;
  return h("div", { class: "output" }, h("h4", { dir: "auto" }, name), h("p", { class: "hint" }, facts.filter(Boolean).join(" · ")), output.head && headView(output.head));
}

/** @param {number} i */
function instancePanel(i) {
  const one = doc.instances[i];
  const process = doc.processes[one.process];
  const why = h("div", { class: "why" });
  const place = h("div", { class: "detail" }, assets.is_live ? h("p", { class: "hint" }, "Loading…") : null);
  const detail = doc.details[i];
  if (detail && !assets.is_live) fillDetail(why, place, i, detail);
  else if (assets.is_live) fetchDetail(i).then((found) => fillDetail(why, place, i, found), (problem) => replace(place, h("p", { class: "problem" }, String(problem))));
  else place.append(h("p", { class: "hint gap" }, "This file has the details of the failed, the slowest and the first instances of each process; ", h("code", {}, "expops view"), " shows all, and ", h("code", {}, `expops explain ${targetOf(i)}`), " says why it ran."));
  const { last } = one;
  return h("div", {}, h("p", { class: "kind" }, "instance of ", h("a", { href: address("process", process.name) }, process.name)),
    h("h2", { dir: "auto" }, labelOf(i)), h("p", {}, badge(statusOf(i))), why, metricsOf(i),
    section("Facts", terms([
      ["target", h("code", {}, targetOf(i))], ["path", h("code", {}, pathOf(i))],
      ["last time", last && `${[last.outcome === "dropped" ? "left out" : last.outcome, last.kind].filter(Boolean).join(", ").replaceAll("_", " ")}${last.attempt && last.attempt > 1 ? `, attempt ${last.attempt}` : ""}, ${new Date(last.at).toLocaleString()}`],
      ["ran", last && duration(last.ran)], ["waited", last && last.waited && duration(last.waited)],
      ["CPU", last && last.cpu !== undefined && duration(last.cpu)], ["memory", last && last.memory && size(last.memory)],
      ["host", last && last.host], ["job", last && last.job],
      ["function", process.code && `${process.code[0]}, line ${process.code[1]}`],
      ["project file", `${doc.project.file}, line ${process.line}`],
    ])), place);
}

/** The metrics of an instance. @param {number} i */
function metricsOf(i) {
  const one = doc.instances[i];
  const sets = /** @type {[string, Metrics][]} */ ([["Metrics", one.metrics || {}], ...Object.entries(one.steps || {}).map(([step, all]) => [`Metrics of step ${step}`, all])]);
  return sets.filter(([, all]) => Object.keys(all).length).map(([title, all]) => section(title, terms(Object.entries(all).map(([name, value]) => {
    const series = points(value);
    const numbers = /** @type {[number, number][]} */ (series.filter(([, v]) => typeof v === "number"));
    return [name, h("span", {}, `${shown(lastOf(value))} `, series.length > 2 && numbers.length > 2 && spark(numbers))];
  }))));
}

/** @param {HTMLElement} why @param {HTMLElement} place @param {number} i @param {Detail} detail */
function fillDetail(why, place, i, detail) {
  const inputs = detail.inputs.slice(0, 60);
  // A failure is told once.
  const isTold = detail.because.some((reason) => reason.text.startsWith("its last run failed"));
  const last = detail.last_run && !(isTold && detail.last_run.said.startsWith("it failed")) ? detail.last_run : null;
  replace(why, section("Why", h("p", { dir: "auto" }, `It ${detail.headline}.`), reasonList(detail.because),
      last && h("p", { dir: "auto" }, `${sentence(last.said)}${last.because.length ? ":" : "."}`), last && reasonList(last.because)));
  replace(place,
    detail.log && section(`Log${detail.log.bytes > detail.log.tail.length ? `, the end of ${size(detail.log.bytes)}` : ""}`, h("pre", { class: "log", tabindex: 0, dir: "auto" }, detail.log.tail)),
    detail.outputs.length > 0 && section(doc.processes[doc.instances[i].process].opens === undefined ? "Outputs" : "First partition", detail.outputs.map(outputView)),
    detail.files.length > 0 && section("Files", detail.files.map(outputView)),
    inputs.length > 0 && section("Inputs from", h("ul", { class: "plain" }, inputs.map((input) => h("li", {}, instanceLink(input), " ", badge(statusOf(input))))),
      detail.inputs.length > inputs.length && h("p", { class: "hint" }, `and ${detail.inputs.length - inputs.length} more`)),
    detail.observed.length > 0 && section("What it observed", terms(detail.observed.map(([name, value]) => [name, h("code", { dir: "auto" }, value)]), "even")));
}
