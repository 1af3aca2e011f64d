// Metrics over partitions and seeds: a table, and plots.

/** What logs metrics: processes and steps. @returns {{key: string, title: string, process: number, step: string | null}[]} */
function sources() {
  /** @type {Map<string, {key: string, title: string, process: number, step: string | null}>} */
  const found = new Map();
  for (const one of doc.instances) {
    const { name } = doc.processes[one.process];
    const add = (/** @type {string | null} */ step) => {
      const key = step === null ? name : `${name} / ${step}`;
      if (!found.has(key)) found.set(key, { key, title: key, process: one.process, step });
    };
    if (one.metrics) add(null);
    for (const step of Object.keys(one.steps || {})) add(step);
  }
  return [...found.values()];
}

/** @typedef {{i: number, metrics: Metrics}} Row */

/** @param {{process: number, step: string | null}} source @returns {Row[]} */
function rowsOf(source) {
  const [first, count] = doc.processes[source.process].instances;
  const rows = [];
  for (let i = first; i < first + count; i++) {
    const one = doc.instances[i];
    const metrics = source.step === null ? one.metrics : (one.steps || {})[source.step];
    if (metrics) rows.push({ i, metrics });
  }
  return rows;
}

/** @param {Row[]} rows */
function namesOf(rows) {
  return [...new Set(rows.flatMap((row) => Object.keys(row.metrics)))];
}

/** @param {number[]} list */
function mean(list) {
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

/** The standard deviation of the population, as `expops metrics` has it. @param {number[]} list */
function deviation(list) {
  const middle = mean(list);
  return Math.sqrt(list.reduce((sum, value) => sum + (value - middle) ** 2, 0) / list.length);
}

/** @param {Row[]} rows @param {string} name */
function numbersOf(rows, name) {
  return /** @type {number[]} */ (rows.map((row) => (name in row.metrics ? lastOf(row.metrics[name]) : null)).filter((value) => typeof value === "number"));
}

function metricsView() {
  const all = sources();
  if (!all.length) return h("div", { class: "page" }, h("h2", {}, "Metrics"), h("p", {}, "Nothing that was built has logged any."));
  const many = (/** @type {{process: number}} */ one) => doc.processes[one.process].instances[1];
  const chosen = new Set([[...all].sort((a, b) => many(b) - many(a))[0]]);
  const body = h("div");
  const draw = () => replace(body, ...[...chosen].map((source) => tableOf(source)), h("div", { class: "plots" }, plotsOf([...chosen])));
  const boxes = all.map((source) => h("label", { class: "choice", dir: "auto" },
    h("input", { type: "checkbox", checked: chosen.has(source), onchange: (/** @type {any} */ event) => {
      if (event.target.checked) chosen.add(source);
      else chosen.delete(source);
      draw();
    } }), source.title));
  draw();
  return h("div", { class: "page" }, h("h2", {}, "Metrics"), h("fieldset", {}, h("legend", {}, "Processes to show and to compare"), boxes),
    h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => download(`${doc.project.name}-metrics.csv`, "text/csv", tidy([...chosen])) }, "Download CSV"),
      h("button", { type: "button", onclick: () => download(`${doc.project.name}-metrics.json`, "application/json", asJson([...chosen])) }, "Download JSON")), body);
}

/** @param {{title: string, process: number, step: string | null}} source */
function tableOf(source) {
  const rows = rowsOf(source);
  const names = namesOf(rows);
  const body = h("tbody");
  const most = 400;
  let by = -1;
  let isDown = false;
  const value = (/** @type {Row} */ row, /** @type {string} */ name) => (name in row.metrics ? lastOf(row.metrics[name]) : undefined);
  const fillRows = () => {
    const sorted = [...rows];
    if (by >= 0) sorted.sort((a, b) => compare(value(a, names[by]), value(b, names[by])) * (isDown ? -1 : 1));
    else if (isDown) sorted.reverse();
    replace(body, ...sorted.slice(0, most).map((row) => h("tr", {}, h("th", { scope: "row" }, instanceLink(row.i)),
      names.map((name) => h("td", { class: "number", dir: "auto" }, shown(value(row, name)))))));
  };
  const heads = [-1, ...names.keys()].map((k) => h("th", { scope: "col", class: k >= 0 ? "number" : null, "aria-sort": "none" },
    h("button", { type: "button", class: "sort", dir: "auto", onclick: () => {
      isDown = by === k ? !isDown : false;
      by = k;
      heads.forEach((head, n) => head.setAttribute("aria-sort", n - 1 === k ? (isDown ? "descending" : "ascending") : "none"));
      fillRows();
    } }, k >= 0 ? names[k] : "instance")));
  fillRows();
  const summary = (/** @type {string} */ title, /** @type {(list: number[]) => number} */ of) => h("tr", {}, h("th", { scope: "row" }, title),
    names.map((name) => { const list = numbersOf(rows, name); return h("td", { class: "number" }, list.length ? number(of(list)) : ""); }));
  return section(source.title, h("div", { class: "wide tall", tabindex: 0, role: "region", "aria-label": `Metrics of ${source.title}` },
    h("table", { class: "data" }, h("caption", { class: "unseen" }, `Metrics of ${source.title}`), h("thead", {}, h("tr", {}, heads)), body,
      rows.length > 1 && h("tfoot", {}, summary("mean", mean), summary("spread", deviation)))),
    rows.length > most && h("p", { class: "hint" }, `The first ${most} of ${rows.length}; the download has all.`));
}

/** Numbers before texts. @param {unknown} a @param {unknown} b */
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number" || b === undefined) return -1;
  if (typeof b === "number" || a === undefined) return 1;
  return String(a).localeCompare(String(b));
}

/** A plot for each metric that a chosen process has. @param {{title: string, process: number, step: string | null}[]} chosen */
function plotsOf(chosen) {
  const sets = chosen.map((source) => ({ source, rows: rowsOf(source) }));
  const names = [...new Set(sets.flatMap(({ rows }) => namesOf(rows)))];
  return names.slice(0, 24).map((name) => {
    const with_ = sets.map(({ source, rows }) => ({ source, rows: rows.filter((row) => name in row.metrics) })).filter(({ rows }) => rows.length);
    const isLong = with_.some(({ rows }) => rows.some((row) => points(row.metrics[name]).length > 1));
    return isLong ? lines(name, with_) : scatter(name, with_);
  }).filter(Boolean);
}

/** The partitions of an instance, and all else that tells it from others of the same partition: its seeds. @param {number} i */
function partitionOf(i) {
  return armsOf(i).filter((arm) => arm[0] === "p").join(".");
}

/** @typedef {{source: {title: string}, rows: Row[]}} Set_ */

/** Groups of instances that differ by their seeds alone. @param {Set_} set @param {boolean} isOne @returns {[string, Row[]][]} */
function groups({ source, rows }, isOne) {
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const row of rows) {
    const partition = partitionOf(row.i);
    const key = [isOne ? "" : source.title, partition].filter(Boolean).join(" ") || source.title;
    found.set(key, [...(found.get(key) || []), row]);
  }
  return [...found];
}

/** Series as lines: one for each partition, with the range over its seeds. @param {string} name @param {Set_[]} sets */
function lines(name, sets) {
  const all = sets.flatMap((set) => groups(set, sets.length === 1));
  const shown = all.slice(0, 24);
  const title = `${name}${sets.length === 1 ? ` of ${sets[0].source.title}` : ""}${shown.length < all.length ? `, the first ${shown.length} of ${all.length.toLocaleString("en")}` : ""}`;
  const series = shown.map(([title, rows]) => {
    /** @type {Map<number, number[]>} */
    const steps = new Map();
    for (const row of rows) for (const [step, value] of points(row.metrics[name])) {
      if (typeof value !== "number") continue;
      const list = steps.get(step);
      if (list) list.push(value);
      else steps.set(step, [value]);
    }
    const sorted = [...steps].sort((a, b) => a[0] - b[0]);
    const low = sorted.map(([, list]) => Math.min(...list));
    const high = sorted.map(([, list]) => Math.max(...list));
    return { name: title, points: /** @type {[number, number][]} */ (sorted.map(([step, list]) => [step, mean(list)])), low, high };
  }).filter((one) => one.points.length);
  return series.length ? plotView({ title, series, x: "step", y: name }) : null;
}

/** One set for each seed, if there are only some. @param {Set_} set @returns {Set_[]} */
function bySeed({ source, rows }) {
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const row of rows) {
    const seed = armsOf(row.i).filter((arm) => arm[0] === "s").map((arm) => arm.slice(1)).join(".");
    found.set(seed, [...(found.get(seed) || []), row]);
  }
  return found.size > 1 && found.size <= INKS ? [...found].map(([seed, some]) => ({ source: { title: `seed ${seed}` }, rows: some })) : [{ source, rows }];
}

/** Scalars as points by partition; those of different seeds above each other. @param {string} name @param {Set_[]} sets */
function scatter(name, sets) {
  const title = `${name}${sets.length === 1 ? ` of ${sets[0].source.title}` : ""}`;
  const places = [...new Set(sets.flatMap(({ rows }) => rows.map((row) => partitionOf(row.i) || "all")))];
  const at = new Map(places.map((place, k) => [place, k]));
  const parts = sets.length === 1 ? bySeed(sets[0]) : sets;
  const step = Math.min(0.2, 0.7 / parts.length);
  const series = parts.map(({ source, rows }, k) => ({
    name: source.title,
    points: /** @type {[number, number][]} */ (rows.map((row) => [(at.get(partitionOf(row.i) || "all") || 0) + (k - (parts.length - 1) / 2) * step, lastOf(row.metrics[name])]).filter(([, value]) => typeof value === "number")),
  })).filter((one) => one.points.length);
  return series.length ? plotView({ title, series, names: places, x: "partition", y: name }) : null;
}

/** One row for each value, as `expops metrics --csv` prints it. @param {{process: number, step: string | null}[]} chosen */
function tidy(chosen) {
  const quote = (/** @type {unknown} */ value) => {
    const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const depth = (/** @type {string} */ kind) => Math.max(0, ...chosen.map((source) => doc.processes[source.process].place.filter((l) => doc.layers[l].kind === kind).length));
  const [data, seed] = [depth("data"), depth("seed")];
  const columns = (/** @type {string} */ name, /** @type {number} */ count) => Array.from({ length: count }, (_, k) => (k ? `${name}_${k + 1}` : name));
  const out = [["process", ...columns("partition", data), ...columns("seed", seed), "step", "metric", "index", "value"]];
  for (const source of chosen) for (const { i, metrics } of rowsOf(source)) {
    const arms = armsOf(i);
    const partitions = arms.filter((arm) => arm[0] === "p").map((arm) => arm.slice(1));
    const seeds = arms.filter((arm) => arm[0] === "s").map((arm) => arm.slice(1));
    const place = [...Array.from({ length: data }, (_, k) => partitions[k] || ""), ...Array.from({ length: seed }, (_, k) => seeds[k] || "")];
    for (const [name, value] of Object.entries(metrics)) for (const [step, one] of points(value)) {
      out.push([doc.processes[source.process].name, ...place, source.step || "", name, isSeries(value) ? String(step) : "", /** @type {any} */ (one)]);
    }
  }
  return out.map((row) => row.map(quote).join(",")).join("\n") + "\n";
}

/** Path to metric to value, as `expops metrics --json` prints it. @param {{process: number, step: string | null}[]} chosen */
function asJson(chosen) {
  const literal = (/** @type {string} */ name) => (name.includes("'") ? `"${name}"` : `'${name}'`);
  /** @type {Record<string, Metrics>} */
  const out = {};
  for (const source of chosen) for (const { i, metrics } of rowsOf(source)) out[source.step === null ? pathOf(i) : `${pathOf(i)}/step[@name=${literal(source.step)}]`] = metrics;
  return JSON.stringify(out, null, 2);
}
