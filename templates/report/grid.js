// Many instances as a grid of cells: drawn on a canvas, so that ten thousand cost no more than ten.

/**
 * A grid of instances; `choose` is called with one that was clicked. Each row is a multiple of `inner` long, if there is room,
 * so that what lies below each other is of the same partition or seed.
 * @param {number[]} list @param {(i: number) => void} choose @param {number} [inner]
 */
function gridView(list, choose, inner = 1) {
  const some = list.length <= 12 ? list.length : Math.ceil(Math.sqrt(list.length * 1.8));
  const columns = Math.ceil(some / inner) * inner;
  let cell = 16;
  let at = 0;
  const canvas = h("canvas", { class: "cells", tabindex: 0, role: "img" });
  const hint = h("p", { class: "hint", "aria-live": "polite" });
  const say = () => {
    const i = list[at];
    const text = i === undefined ? "" : `${labelOf(i)}: ${STATUSES[statusOf(i)][0]}`;
    hint.textContent = text;
    return text;
  };
  const draw = () => {
    const width = canvas.parentElement ? canvas.parentElement.clientWidth : 400;
    if (!width) return;
    const most = Math.min(columns, Math.max(1, Math.floor(width / 3)));
    const across = most > inner ? most - (most % inner) : most;
    cell = Math.max(3, Math.min(26, Math.floor(width / across)));
    const perRow = Math.max(1, Math.floor(width / cell));
    canvas.dataset.perRow = String(Math.min(perRow, across));
    const rows = Math.ceil(list.length / Number(canvas.dataset.perRow));
    const ratio = devicePixelRatio || 1;
    const [w, height] = [Number(canvas.dataset.perRow) * cell, rows * cell];
    canvas.width = w * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${w}px`;
    canvas.style.height = `${height}px`;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(ratio, ratio);
    paint(context, list, Number(canvas.dataset.perRow), cell);
    if (document.activeElement === canvas) frameCell(context);
  };
  const frameCell = (/** @type {CanvasRenderingContext2D} */ context) => {
    const perRow = Number(canvas.dataset.perRow);
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--text");
    context.lineWidth = 2;
    context.strokeRect((at % perRow) * cell + 1, Math.floor(at / perRow) * cell + 1, cell - 2, cell - 2);
  };
  const under = (/** @type {MouseEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    const perRow = Number(canvas.dataset.perRow);
    const column = Math.floor((event.clientX - box.left) / cell);
    const found = Math.floor((event.clientY - box.top) / cell) * perRow + column;
    return column < perRow && found >= 0 && found < list.length ? found : -1;
  };
  canvas.addEventListener("mousemove", (/** @type {MouseEvent} */ event) => {
    const found = under(event);
    if (found >= 0 && found !== at) { at = found; canvas.title = say(); }
  });
  canvas.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const found = under(event);
    if (found >= 0) choose(list[found]);
  });
  canvas.addEventListener("focus", draw);
  canvas.addEventListener("blur", draw);
  canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const perRow = Number(canvas.dataset.perRow);
    /** @type {Record<string, number>} */
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow, Home: -at, End: list.length - 1 - at };
    if (event.key === "Enter" || event.key === " ") choose(list[at]);
    else if (event.key in moves) at = Math.max(0, Math.min(list.length - 1, at + moves[event.key]));
    else return;
    event.preventDefault();
    say();
    draw();
  });
  const counts = new Map();
  for (const i of list) counts.set(statusOf(i), (counts.get(statusOf(i)) || 0) + 1);
  canvas.setAttribute("aria-label", `Grid of ${plural(list.length, "instance")}: ${inWords(counts)}. Arrow keys move, Enter opens.`);
  const box = h("div", { class: "grid" }, canvas);
  new ResizeObserver(draw).observe(box);
  return { element: h("div", {}, box, hint), draw };
}

/** @param {CanvasRenderingContext2D} context @param {number[]} list @param {number} perRow @param {number} cell */
function paint(context, list, perRow, cell) {
  const styles = getComputedStyle(document.documentElement);
  /** @type {Map<Status, string>} */
  const colours = new Map(ORDER.map((status) => [status, styles.getPropertyValue(`--${status}`).trim()]));
  const gap = cell > 8 ? 2 : cell > 4 ? 1 : 0.5;
  const ink = styles.getPropertyValue("--on-status").trim();
  context.font = `${Math.min(12, cell - 8)}px system-ui`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  list.forEach((i, k) => {
    const status = statusOf(i);
    const [x, y] = [(k % perRow) * cell, Math.floor(k / perRow) * cell];
    context.fillStyle = colours.get(status) || "gray";
    context.fillRect(x + gap / 2, y + gap / 2, cell - gap, cell - gap);
    if (cell >= 16) {
      context.fillStyle = ink;
      context.fillText(STATUSES[status][1], x + cell / 2, y + cell / 2 + 0.5);
    }
  });
}
