// The pipeline as a picture: a box for each process, a band for each layer.

const BOX = { width: 176, height: 58 };
// Drawn, because no font has all of them.
const MARKS = /** @type {Record<string, string>} */ ({
  process: "M2 6.5L6 2.5L10 6.5L6 10.5Z",
  split: "M0.5 6.5H4M4 6.5C7 6.5 7 2 11 2M4 6.5H11M4 6.5C7 6.5 7 11 11 11",
  aggregation: "M11.5 6.5H8M8 6.5C5 6.5 5 2 1 2M8 6.5H1M8 6.5C5 6.5 5 11 1 11",
  chart: "M1 11.5H11.5M2.5 11V7M6.2 11V2.5M9.8 11V5",
});
const KINDS = /** @type {Record<string, string>} */ ({ split: "split", aggregation: "aggregation", chart: "chart", process: "process" });

/** What a layer is called. @param {number} l */
function layerTitle(l) {
  const layer = doc.layers[l];
  if (layer.kind === "seed") return plural(layer.arms.length, "seed");
  return `${plural(layer.arms.length, "partition")}${layer.key ? ` of ${layer.key}` : ""}`;
}

/** A bar with the shares of statuses. @param {Map<Status, number>} counts @param {number} width @param {number} height */
function bar(counts, width, height) {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0) || 1;
  let x = 0;
  const parts = [...counts].map(([status, count]) => {
    const part = s("rect", { x, y: 0, width: (count / total) * width, height, class: `fill-${status}` });
    x += (count / total) * width;
    return part;
  });
  return s("g", {}, parts);
}

/** How many stand how, in words. @param {Map<Status, number>} counts */
function inWords(counts) {
  return [...counts].map(([status, count]) => `${count} ${STATUSES[status][0]}`).join(", ");
}

/** The picture that is shown. */
let { picture } = doc;
/** Whether its edges go down. */
let isTall = false;

/** The pipeline, with what is needed to move in it. */
function graphView() {
  picture = doc.picture;
  isTall = false;
  const font = "600 13px system-ui, sans-serif";
  const bands = picture.bands.map(({ band }) => s("path", { class: `band ${doc.layers[band].kind}`, "data-layer": band }));
  // Above the edges, which may cross them.
  const titles = picture.bands.map(({ band }) => {
    const open = () => go("layer", String(band));
    return s("g", { role: "button", tabindex: 0, class: `layer ${doc.layers[band].kind}`, onclick: open, onkeydown: pressed(open), "data-layer": band },
      s("text"), s("title", {}, `layer: ${layerTitle(band)}`));
  });
  const edges = picture.edges.map((edge) => {
    const plots = doc.processes[edge.to].plots.includes(edge.from) && !doc.processes[edge.to].upstreams.includes(edge.from);
    return s("path", { class: plots ? "edge plots" : "edge", "marker-end": "url(#arrow)", "data-from": edge.from, "data-to": edge.to });
  });
  /** @type {any[]} */
  const nodes = doc.processes.map((process, p) => {
    const node = s("g", { class: `node ${process.kind}`, role: "button", tabindex: p === 0 ? 0 : -1, "data-process": p });
    node.addEventListener("click", () => go("process", process.name));
    node.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => walk(event, p, nodes));
    drawNode(node, p, font);
    return node;
  });
  const place = () => {
    picture.boxes.forEach(([x, y], p) => nodes[p].setAttribute("transform", `translate(${x} ${y})`));
    picture.edges.forEach((edge, k) => edges[k].setAttribute("d", edge.path));
    picture.bands.forEach((band, k) => {
      bands[k].setAttribute("d", band.path);
      const [x, y] = band.title;
      titles[k].firstChild.replaceWith(s("text", { x, y }, clip(layerTitle(band.band), band.room, "600 11.5px system-ui, sans-serif")));
    });
  };
  place();
  const svg = s("svg", { class: "graph", "aria-label": "Pipeline", role: "group" },
    s("defs", {}, s("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" }, s("path", { d: "M0 0.6L7.4 4L0 7.4z" }))),
    s("g", { class: "world" }, bands, edges, titles, nodes));
  const frame = movable(svg, place);
  revealed = (p) => frame.reveal(...picture.boxes[p]);
  return { element: frame.element, nodes, edges, redraw: () => nodes.forEach((node, p) => drawNode(node, p, font)) };
}

/** @param {any} node @param {number} p @param {string} font */
function drawNode(node, p, font) {
  const process = doc.processes[p];
  const counts = standing(p);
  const count = process.instances[1];
  const words = inWords(counts);
  const worst = counts.has("failed") ? "failed" : counts.has("running") ? "running" : "";
  const status = counts.size === 1 ? [...counts][0][0] : null;
  const line = status ? STATUSES[status][0] : words;
  const times = count === 1 ? "" : `×${count.toLocaleString("en")}`;
  replace(node,
    s("rect", { class: `box ${worst}`, width: BOX.width, height: BOX.height, rx: 9 }),
    s("path", { class: "mark", transform: "translate(12 12.5)", d: MARKS[process.kind] }),
    s("text", { class: "name", x: 31, y: 23 }, clip(process.name, BOX.width - 46 - (times ? measure(times, font) + 8 : 0), font)),
    times && s("text", { class: "times", x: BOX.width - 12, y: 23, "text-anchor": "end" }, times),
    s("text", { class: "words", x: 13, y: 40 }, clip(`${status ? `${STATUSES[status][1]} ` : ""}${line}`, BOX.width - 24, "11.5px system-ui, sans-serif")),
    s("g", { transform: `translate(12 ${BOX.height - 11})` }, bar(counts, BOX.width - 24, 4)),
    s("title", {}, `${process.name}\n${words}${process.description ? `\n${process.description}` : ""}`));
}

/** Enter and the space bar press a button. @param {() => void} act */
function pressed(act) {
  return (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
}

/** What shows a box that has been moved out of sight. @type {(p: number) => void} */
let revealed = () => {};

/** Arrow keys go along edges, and across them. @param {KeyboardEvent} event @param {number} p @param {any[]} nodes */
function walk(event, p, nodes) {
  const { boxes, edges } = picture;
  const [along, across] = isTall ? [1, 0] : [0, 1];
  const near = (/** @type {number[]} */ list) => list.sort((a, b) => Math.abs(boxes[a][across] - boxes[p][across]) - Math.abs(boxes[b][across] - boxes[p][across]))[0];
  const beside = boxes.map((_, i) => i).filter((i) => boxes[i][along] === boxes[p][along]).sort((a, b) => boxes[a][across] - boxes[b][across]);
  const [next, previous, after, before] = isTall ? ["ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"] : ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"];
  /** @type {Record<string, () => number | undefined>} */
  const moves = {
    [next]: () => near(edges.filter((edge) => edge.from === p).map((edge) => edge.to)),
    [previous]: () => near(edges.filter((edge) => edge.to === p).map((edge) => edge.from)),
    [after]: () => beside[beside.indexOf(p) + 1],
    [before]: () => beside[beside.indexOf(p) - 1],
    Home: () => 0,
    End: () => boxes.length - 1,
  };
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    go("process", doc.processes[p].name);
    return;
  }
  const found = moves[event.key] && moves[event.key]();
  if (found === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  nodes.forEach((node, i) => node.setAttribute("tabindex", i === found ? 0 : -1));
  nodes[found].focus({ preventScroll: true });
  revealed(found);
}

/** How much a picture has to be scaled to be seen whole; small ones are not blown up. @param {Picture} one @param {DOMRect} box */
function scaleOf(one, box) {
  return Math.min(box.width / one.width, box.height / one.height, 1.15);
}

/** A picture that can be zoomed and moved: by wheel and mouse, by fingers, by keys, by buttons. @param {any} svg @param {() => void} place draws another picture */
function movable(svg, place) {
  let view = { x: 0, y: 0, w: picture.width, h: picture.height };
  let isTouched = false;
  let isWhole = false;
  const frame = h("div", { class: "frame" });
  const show = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  /** The picture that fits better, the wide one if both can be read. @param {DOMRect} box */
  const choose = (box) => {
    const isBetterTall = scaleOf(doc.picture, box) < Math.min(0.85, scaleOf(doc.tall_picture, box));
    if (isBetterTall === isTall) return;
    isTall = isBetterTall;
    picture = isTall ? doc.tall_picture : doc.picture;
    place();
  };
  const fit = () => {
    const box = frame.getBoundingClientRect();
    if (!box.width || !box.height) return;
    choose(box);
    const { width, height, boxes } = picture;
    const [x, y] = boxes[0] || [0, 0];
    // Of large pipelines the beginning is shown so that it can be read.
    const scale = isWhole ? scaleOf(picture, box) : Math.max(scaleOf(picture, box), 0.75);
    const [w, h] = [box.width / scale, box.height / scale];
    // The first process is seen.
    const begin = (/** @type {number} */ all, /** @type {number} */ seen, /** @type {number} */ middle) =>
      seen < all ? Math.max(0, Math.min(all - seen, middle - seen / 2)) : (all - seen) / 2;
    view = { w, h, x: begin(width, w, x + BOX.width / 2), y: begin(height, h, y + BOX.height / 2) };
    show();
  };
  const all = () => {
    isTouched = false;
    isWhole = true;
    fit();
  };
  const zoom = (/** @type {number} */ by, px = 0.5, py = 0.5) => {
    isTouched = true;
    const w = Math.min(Math.max(view.w * by, 120), picture.width * 8);
    const factor = w / view.w;
    view = { x: view.x + view.w * px * (1 - factor), y: view.y + view.h * py * (1 - factor), w, h: view.h * factor };
    show();
  };
  const move = (/** @type {number} */ dx, /** @type {number} */ dy) => {
    isTouched = true;
    view.x += dx * view.w;
    view.y += dy * view.h;
    show();
  };
  frame.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 250), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }, { passive: false });
  drag(frame, (dx, dy) => {
    const box = frame.getBoundingClientRect();
    move(-dx / box.width, -dy / box.height);
  });
  frame.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    /** @type {Record<string, () => void>} */
    const keys = {
      "+": () => zoom(0.8), "-": () => zoom(1.25), 0: all,
      ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  new ResizeObserver(() => isTouched || fit()).observe(frame);
  addEventListener("beforeprint", all);
  const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ act) =>
    h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
  frame.append(svg, h("div", { class: "zoom" },
    button("+", "Zoom in", () => zoom(0.8)), button("−", "Zoom out", () => zoom(1.25)),
    button("⤢", "Show all", all)));
  /** Moves just so far that a box can be seen. @param {number} x @param {number} y */
  const reveal = (x, y) => {
    if (x < view.x) view.x = x - 20;
    if (x + BOX.width > view.x + view.w) view.x = x + BOX.width + 20 - view.w;
    if (y < view.y) view.y = y - 20;
    if (y + BOX.height > view.y + view.h) view.y = y + BOX.height + 20 - view.h;
    show();
  };
  return { element: frame, reveal };
}

/** Calls `moved` while something is dragged. @param {HTMLElement} element @param {(dx: number, dy: number) => void} moved */
function drag(element, moved) {
  /** @type {{x: number, y: number} | null} */
  let last = null;
  let way = 0;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || /** @type {Element} */ (event.target).closest("button")) return;
    last = { x: event.clientX, y: event.clientY };
    way = 0;
  });
  element.addEventListener("pointermove", (event) => {
    if (!last) return;
    way += Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
    if (way < 4) return;
    element.setPointerCapture(event.pointerId);
    element.classList.add("dragged");
    moved(event.clientX - last.x, event.clientY - last.y);
    last = { x: event.clientX, y: event.clientY };
  });
  const end = () => {
    last = null;
    element.classList.remove("dragged");
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  // What was dragged was not clicked.
  element.addEventListener("click", (event) => way >= 4 && event.stopPropagation(), { capture: true });
}
