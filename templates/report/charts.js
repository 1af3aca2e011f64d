// Charts: those that were drawn, as images; those that draw themselves, in frames that can do nothing else.

/** The frames that are shown. @type {{chart: Chart, frame: HTMLIFrameElement}[]} */
const shownCharts = [];

function chartsView() {
  shownCharts.length = 0;
  if (!doc.charts.length) return h("div", { class: "page" }, h("h2", {}, "Charts"), h("p", {}, "This pipeline has none."));
  return h("div", { class: "page" }, h("h2", {}, "Charts"), doc.charts.map(chartView));
}

/** @param {Chart} chart */
function chartView(chart) {
  const status = statusOf(chart.instance);
  const images = chart.files.filter((file) => file.head && file.head.kind === "image");
  const others = chart.files.filter((file) => !images.includes(file));
  const body = chart.script ? dynamicChart(chart) : images.length
    ? images.map((file) => h("figure", {}, h("img", { src: file.head?.url, alt: `${labelOf(chart.instance)}: ${file.key}` }), h("figcaption", { class: "hint", dir: "auto" }, file.key)))
    : h("p", { class: "hint" }, "It has not drawn an image.");
  return h("article", { class: "chart" }, h("h3", { dir: "auto" }, instanceLink(chart.instance), " ", badge(status)), body,
    others.length > 0 && h("details", {}, h("summary", {}, plural(others.length, "other file")), others.map(outputView)),
    h("details", {}, h("summary", {}, "The data that it took"), takenData(chart)));
}

/** @param {Probe} probe @returns {Metrics} */
function probed(probe) {
  const one = doc.instances[probe.instance];
  return (probe.step === undefined ? one.metrics : (one.steps || {})[probe.step]) || {};
}

/** @param {Chart} chart */
function takenData(chart) {
  const rows = chart.probes.slice(0, 300).flatMap((probe) => Object.entries(probed(probe)).map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, instanceLink(probe.instance)), h("td", { dir: "auto" }, probe.step || ""), h("td", { dir: "auto" }, name), h("td", { class: "number", dir: "auto" }, shown(lastOf(value))))));
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Data of the chart" }, h("table", { class: "data" }, h("caption", { class: "unseen" }, "What the chart plots"),
    h("thead", {}, h("tr", {}, ["instance", "step", "metric", "value"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows)));
}

/** What a chart's script is told. @param {Chart} chart */
function chartState(chart) {
  /** @type {Record<string, string>} */
  const probePaths = {};
  /** @type {Record<string, Metrics>} */
  const metrics = {};
  /** @type {Record<string, string>} */
  const aliases = {};
  for (const probe of chart.probes) {
    const path = pathOf(probe.instance) + (probe.step === undefined ? "" : `/step[@name='${probe.step}']`);
    probePaths[probe.key] = path;
    metrics[probe.key] = probed(probe);
    if (probe.alias) aliases[probe.alias] ??= probe.key;
  }
  return { expops: "metrics", name: doc.processes[doc.instances[chart.instance].process].name, probePaths, metrics, aliases, dark: matchMedia("(prefers-color-scheme: dark)").matches };
}

/** @param {Chart} chart */
function dynamicChart(chart) {
  const { script } = chart;
  const problem = h("p", { class: "problem", role: "status", hidden: true });
  const fail = (/** @type {string} */ text) => {
    problem.hidden = false;
    problem.textContent = text;
  };
  if (!script || script.module === undefined) return h("p", { class: "problem" }, `${script ? script.file : "the script"}: ${script && script.problem}`);
  if (script.needs_chart_js && !assets.chart_js) {
    return h("div", {}, h("p", { class: "problem" }, "This chart needs Chart.js, which is not here. Install it in the project with ", h("code", {}, "npm install chart.js"), ", or name a file: ", h("code", {}, "expops report --chart-js chart.umd.js"), "."), takenData(chart));
  }
  const tag = (/** @type {string} */ text, /** @type {string} */ attributes) => `<script${attributes}>${text}</` + "script>";
  const frame = h("iframe", { sandbox: "allow-scripts", title: `chart ${labelOf(chart.instance)}`, loading: "eager" });
  const one = { chart, frame };
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || !event.data) return;
    if (event.data.expops === "ready") frame.contentWindow?.postMessage(chartState(chart), "*");
    if (event.data.expops === "problem") fail(`${script.file}: ${event.data.text}`);
    if (event.data.expops === "height") frame.style.height = `${Math.max(200, Math.min(2000, Number(event.data.height) || 0))}px`;
  });
  frame.srcdoc = `<!doctype html><meta charset="utf-8"><title>chart</title><body>${tag(assets.frame, "")}${assets.chart_js && script.needs_chart_js ? tag(assets.chart_js, "") : ""}${tag(script.module, ' type="module"')}`;
  shownCharts.push(one);
  return h("div", {}, frame, problem);
}

/** Sends new metrics, or new colours, to charts that are shown. */
function refreshCharts() {
  for (const { chart, frame } of shownCharts) frame.contentWindow?.postMessage(chartState(chart), "*");
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refreshCharts);
