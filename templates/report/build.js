// The last build: when what ran, the critical path, what the cache saved, what was slow, what failed; and earlier builds.

function buildView() {
  const { timeline } = doc;
  if (!doc.builds.length) {
    return h("div", { class: "page" }, h("h2", {}, "Builds"),
      h("p", {}, "Nothing is known of builds yet: the journal in the build folder is written while one runs."));
  }
  const build = timeline && doc.builds[timeline.build];
  return h("div", { class: "page" }, h("h2", {}, "The last build"),
    build && timeline ? lastBuild(build, timeline) : h("p", {}, "The builds that are known have found everything up to date."),
    section("History", pastBuilds()));
}

/** @param {Build} build @param {Timeline} timeline */
function lastBuild(build, timeline) {
  const wall = (build.to - build.from) / 1000;
  const [path, critical] = timeline.critical;
  const count = (/** @type {string} */ outcome) => build.outcomes[outcome] || 0;
  const card = (/** @type {string} */ title, /** @type {string} */ value, /** @type {Child} */ more) => h("div", { class: "card" }, h("p", {}, title), h("b", {}, value), h("p", { class: "hint" }, more || "\u00a0"));
  return h("div", {}, h("p", {}, `${build.tool || "A build"}, ${new Date(build.from).toLocaleString()}${build.running ? ", still running" : ""}`),
    h("div", { class: "cards" },
      card("took", duration(wall), `${duration(build.cpu)} of CPU`),
      card("ran", count("ran").toLocaleString("en"), `${count("looked").toLocaleString("en")} were up to date`),
      card("the cache saved", duration(build.saved), `of CPU, ${plural(count("restored"), "instance")}`),
      card("failed", timeline.failures.length.toLocaleString("en"), ""),
      card("critical path", duration(critical), plural(path.length, "instance"))),
    timeline.failures.length > 0 && section("Failures", h("ul", { class: "plain failures" }, timeline.failures.map((failure) =>
      h("li", {}, instanceLink(failure.instance), " ", h("span", { class: "badge failed" }, `${failure.kind.replaceAll("_", " ")}${failure.dropped ? ", left out" : ""}`), failure.message && h("pre", { dir: "auto", tabindex: 0 }, failure.message))))),
    section("Timeline", timelineView(timeline)),
    h("div", { class: "pair" },
      section("Critical path", h("p", { class: "hint" }, "The chain that took longest: each takes inputs from the one before."), spanTable(timeline, path)),
      section("Slowest", h("p", { class: "hint" }, "The instances that took longest, without the time that they waited."), spanTable(timeline, timeline.slowest))));
}

/** @param {Timeline} timeline @param {number[]} list */
function spanTable(timeline, list) {
  const spans = new Map(timeline.spans.map((span) => [span.instance, span]));
  const hasWaited = list.some((i) => spans.get(i)?.waited);
  const row = (/** @type {number} */ i) => {
    const span = spans.get(i);
    return h("tr", {}, h("th", { scope: "row" }, instanceLink(i)), h("td", { class: "number" }, span ? duration(span.to - span.from) : ""),
      hasWaited && h("td", { class: "number" }, span && span.waited ? duration(span.waited) : ""));
  };
  return h("table", {}, h("caption", { class: "unseen" }, "Instances with their times"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "instance"), h("th", { scope: "col", class: "number" }, "took"), hasWaited && h("th", { scope: "col", class: "number" }, "waited"))), h("tbody", {}, list.map(row)));
}

/** A row for each slot, a colour for each process; one path draws all that a process ran. @param {Timeline} timeline */
function timelineView(timeline) {
  const spans = timeline.spans.filter((span) => span.to > span.from || span.waited);
  if (!spans.length) return h("p", {}, "Nothing ran.");
  const end = Math.max(...timeline.spans.slice(0, 100_000).map((span) => span.to), 0.001);
  const [width, left] = [Math.min(1000, innerWidth), 0];
  const row = Math.max(3, Math.min(24, 420 / timeline.slots));
  const height = timeline.slots * row;
  const x = (/** @type {number} */ time) => left + (time / end) * (width - left);
  /** @type {Map<number, {ran: string, waited: string, seconds: number}>} */
  const paths = new Map();
  for (const span of spans) {
    const p = doc.instances[span.instance].process;
    const path = paths.get(p) || { ran: "", waited: "", seconds: 0 };
    paths.set(p, path);
    const box = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ y, /** @type {number} */ tall) => `M${x(from).toFixed(2)} ${y.toFixed(1)}h${Math.max(x(to) - x(from), 0.6).toFixed(2)}v${tall.toFixed(1)}h${(-Math.max(x(to) - x(from), 0.6)).toFixed(2)}z`;
    path.ran += box(span.from, span.to, span.slot * row + row * 0.08, row * 0.84);
    if (span.waited) path.waited += box(Math.max(0, span.from - span.waited), span.from, span.slot * row + row * 0.42, Math.max(1, row * 0.16));
    path.seconds += span.to - span.from;
  }
  const drawn = [...paths].map(([p, path]) => s("g", { class: `ink-${p % INKS}` }, path.waited && s("path", { class: "waited", d: path.waited }), s("path", { class: "ran", d: path.ran })));
  const marks = timeTicks(end, width / 125).map((tick) => s("g", {}, s("line", { class: "rule", x1: x(tick), x2: x(tick), y1: 0, y2: height }),
    s("text", { x: x(tick), y: height + 15, "text-anchor": tick === 0 ? "start" : tick > end * 0.96 ? "end" : "middle" }, duration(tick))));
  const svg = s("svg", { class: "timeline", viewBox: `0 -2 ${width} ${height + 24}`, role: "img",
    "aria-label": `${plural(spans.length, "run")} in ${plural(timeline.slots, "slot")} over ${duration(end)}; the tables below have the slowest ones and the critical path` }, marks, drawn);
  const idle = "Point at a bar to see what it is, and click to open it.";
  const hint = h("p", { class: "hint idle", "aria-live": "off" }, idle);
  const under = (/** @type {MouseEvent} */ event) => {
    const box = svg.getBoundingClientRect();
    const time = ((event.clientX - box.left) / box.width) * end;
    const slot = Math.floor((((event.clientY - box.top) / box.height) * (height + 24) - 2) / row);
    return spans.find((span) => span.slot === slot && span.from - end / 1000 <= time && time <= span.to + end / 1000);
  };
  svg.addEventListener("mousemove", (/** @type {MouseEvent} */ event) => {
    const span = under(event);
    hint.textContent = span ? `${labelOf(span.instance)}: ${duration(span.to - span.from)}${span.waited ? `, waited ${duration(span.waited)}` : ""}, ${span.outcome}` : idle;
  });
  svg.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const span = under(event);
    if (span) go("instance", folderOf(span.instance));
  });
  const key = h("ul", { class: "key" }, [...paths].sort((a, b) => b[1].seconds - a[1].seconds).map(([p, path]) =>
    h("li", {}, h("span", { class: `swatch ink-${p % INKS}`, "aria-hidden": "true" }), h("bdi", {}, doc.processes[p].name), " ", h("span", { class: "hint" }, duration(path.seconds)))));
  return h("div", {}, h("figure", { class: "plot full" }, svg, hint), key);
}

function pastBuilds() {
  const kinds = [...new Set(doc.builds.flatMap((build) => Object.keys(build.outcomes)))];
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "History" }, h("table", {}, h("caption", { class: "unseen" }, "Builds"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "begin"), h("th", { scope: "col" }, "tool"), h("th", { scope: "col", class: "number" }, "took"),
      kinds.map((kind) => h("th", { scope: "col", class: "number" }, kind.replaceAll("_", " "))), h("th", { scope: "col", class: "number" }, "CPU"), h("th", { scope: "col", class: "number" }, "saved"))),
    h("tbody", {}, doc.builds.map((build) => h("tr", {}, h("th", { scope: "row" }, new Date(build.from).toLocaleString()), h("td", {}, build.tool),
      h("td", { class: "number" }, build.running ? "runs" : duration((build.to - build.from) / 1000)), kinds.map((kind) => h("td", { class: "number" }, build.outcomes[kind] || "")),
      h("td", { class: "number" }, duration(build.cpu)), h("td", { class: "number" }, build.saved ? duration(build.saved) : ""))))));
}
