// The page: what is shown is in the address.

/** @param {string} view @param {string} [what] */
function address(view, what) {
  return `#/${view}${what === undefined ? "" : `/${encodeURIComponent(what)}`}`;
}

/** @param {string} view @param {string} [what] */
function go(view, what) {
  location.hash = address(view, what);
}

const VIEWS = /** @type {[string, string][]} */ ([["pipeline", "Pipeline"], ["build", "Builds"], ["metrics", "Metrics"], ["charts", "Charts"]]);

const main = h("main", { id: "main", tabindex: -1 });
const state = h("span", { class: "state", role: "status" });
const links = VIEWS.map(([view, title]) => h("a", { href: address(view), "data-view": view }, title));
/** @type {ReturnType<typeof graphView> | null} */
let graph = null;
/** @type {HTMLElement | null} */
let panel = null;
/** @type {HTMLElement | null} */
let split = null;
/** @type {number[] | null} */
let found = null;

function summary() {
  const total = doc.instances.length;
  const processes = plural(doc.processes.length, "process").replace("processs", "processes");
  return `${processes}, ${plural(total, "instance")} · ${new Date(doc.made_at).toLocaleString()}`;
}

const sub = h("p", { class: "sub" }, summary());

function searchBox() {
  const answer = h("span", { class: "hint", role: "status" });
  const input = h("input", { type: "search", id: "search", placeholder: "//*[@partition='p2']", "aria-label": "Search: an XPath expression, or the name of a process", spellcheck: "false", autocomplete: "off" });
  const search = () => {
    const text = input.value.trim();
    if (!text) {
      found = null;
      answer.textContent = "";
      mark();
      return;
    }
    try {
      found = select(text);
      answer.textContent = found.length ? plural(found.length, "instance") : "nothing";
      mark();
      if (found.length === 1) go("instance", folderOf(found[0]));
      else if (found.length) go("found", text);
    } catch {
      found = null;
      answer.textContent = "this is no XPath";
    }
  };
  const form = h("form", { role: "search", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); search(); } }, input, answer);
  input.addEventListener("search", search);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "")) {
      event.preventDefault();
      input.focus();
    }
  });
  return form;
}

/** Which boxes are chosen, and which have something that was found. */
function mark() {
  if (!graph) return;
  const chosen = chosenProcess();
  const hits = found && new Set(found.map((i) => doc.instances[i].process));
  graph.nodes.forEach((node, p) => {
    node.classList.toggle("chosen", p === chosen);
    node.classList.toggle("dim", hits !== null && !hits.has(p));
    if (p === chosen) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  });
  graph.edges.forEach((edge) => {
    const is = (/** @type {string} */ key) => Number(edge.getAttribute(key)) === chosen;
    edge.classList.toggle("near", chosen >= 0 && (is("data-from") || is("data-to")));
  });
}

function route() {
  const [, view = "pipeline", what = ""] = location.hash.split("/");
  let text = what;
  try {
    text = decodeURIComponent(what);
  } catch {
    text = what;
  }
  return { view: view || "pipeline", what: text };
}

function chosenProcess() {
  const { view, what } = route();
  if (view === "process") return doc.processes.findIndex((process) => process.name === what);
  if (view === "instance") {
    const i = byFolder(what);
    return i < 0 ? -1 : doc.instances[i].process;
  }
  return -1;
}

function panelContent() {
  const { view, what } = route();
  if (view === "process") {
    const p = doc.processes.findIndex((process) => process.name === what);
    if (p >= 0) return processPanel(p);
  }
  if (view === "instance") {
    const i = byFolder(what);
    if (i >= 0) return instancePanel(i);
  }
  if (view === "layer" && doc.layers[Number(what)]) return layerPanel(Number(what));
  if (view === "found") {
    try {
      found ||= select(what);
      const list = found;
      return h("div", {}, h("p", { class: "kind" }, "found"), h("h2", {}, plural(list.length, "instance")), h("p", {}, h("code", { dir: "auto" }, what)),
        list.length > 1 && gridView(list, (i) => go("instance", folderOf(i))).element, instanceList(list));
    } catch {
      return overviewPanel();
    }
  }
  return overviewPanel();
}

function show() {
  const { view } = route();
  const top = ["build", "metrics", "charts"].includes(view) ? view : "pipeline";
  links.forEach((link) => {
    if (link.dataset.view === top) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  document.body.dataset.view = top;
  if (top === "pipeline") {
    if (!split || !panel || !graph) {
      graph = graphView();
      panel = h("aside", { class: "panel", tabindex: 0, "aria-label": "Details" });
      split = h("div", { class: "split" }, graph.element, panel);
    }
    if (main.firstElementChild !== split) replace(main, split);
    replace(/** @type {HTMLElement} */ (panel), panelContent());
    /** @type {HTMLElement} */ (panel).scrollTop = 0;
    mark();
    return;
  }
  replace(main, top === "build" ? buildView() : top === "metrics" ? metricsView() : chartsView());
}

/** The whole anew, where it was. */
function redraw() {
  sub.textContent = summary();
  const { view } = route();
  if (view === "charts") return refreshCharts();
  const scroll = panel ? panel.scrollTop : 0;
  const { boxes, edges, bands } = doc.picture;
  if (graph && [boxes, edges, bands].every((list, k) => list.length === [picture.boxes, picture.edges, picture.bands][k].length)) graph.redraw();
  else graph = split = panel = null;
  if (["build", "metrics"].includes(view) && main.contains(document.activeElement) && document.activeElement !== main) return;
  show();
  if (panel) panel.scrollTop = scroll;
}

document.title = `${doc.project.name} – expops`;
replace(/** @type {HTMLElement} */ (document.getElementById("app")),
  h("a", { class: "skip", href: "#main", onclick: (/** @type {Event} */ event) => { event.preventDefault(); main.focus(); } }, "Skip to the content"),
  h("header", {}, h("div", { class: "title" }, h("h1", { dir: "auto" }, doc.project.name), sub), h("nav", { "aria-label": "Views" }, links), searchBox(), state),
  main, h("div", { id: "announcer", class: "unseen", "aria-live": "polite" }));
addEventListener("hashchange", () => {
  show();
  if (graph && chosenProcess() >= 0) revealed(chosenProcess());
  const heading = panel && route().view !== "pipeline" ? panel.querySelector("h2") : main.querySelector("h2");
  if (heading) announce(heading.textContent || "");
});
show();
if (assets.is_live) follow(redraw, (text, more) => {
  if (state.textContent !== text) state.textContent = text;
  state.title = more || "";
});
