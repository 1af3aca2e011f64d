// Plots: lines with a spread around them, and points. Little code of our own instead of a library.

const INKS = 8;
/** The largest font of a plot, on narrow screens. */
const LARGEST = "18px system-ui, sans-serif";

/** Ticks at round numbers. @param {number} low @param {number} high @param {number} count */
function ticks(low, high, count) {
  const span = high - low || 1;
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= raw) || raw;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) found.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  return found;
}

/** Ticks from 0 at round times, in seconds, minutes or hours. @param {number} end @param {number} count */
function timeTicks(end, count) {
  const unit = end >= 2 * 3600 ? 3600 : end >= 120 ? 60 : 1;
  return ticks(0, end / unit, count).map((tick) => tick * unit);
}

/** The range of numbers, a little larger. @param {number[]} values @returns {[number, number]} */
function range(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!Number.isFinite(low)) return [0, 1];
  if (low === high) return [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1];
  const margin = (high - low) * 0.06;
  return [low - margin, high + margin];
}

/**
 * @typedef {{name: string, points: [number, number][], low?: number[], high?: number[]}} Series
 */

/**
 * A plot of series over numbers, as lines, or of points over names.
 * @param {{title: string, series: Series[], names?: string[], x: string, y: string}} plot
 */
function plotView({ title, series, names, x, y }) {
  const [width, height, left, bottom, top, right] = [640, 306, 62, 46, 12, 14];
  const all = series.flatMap((one) => [...one.points.map((point) => point[1]), ...(one.low || []), ...(one.high || [])]);
  const [low, high] = range(all);
  const xs = series.flatMap((one) => one.points.map((point) => point[0]));
  const [from, to] = names ? [-0.5, Math.max(names.length, 1) - 0.5] : xs.length && Math.min(...xs) === Math.max(...xs) ? range(xs) : [Math.min(...xs), Math.max(...xs)];
  const px = (/** @type {number} */ value) => left + ((value - from) / (to - from || 1)) * (width - left - right);
  const py = (/** @type {number} */ value) => height - bottom - ((value - low) / (high - low || 1)) * (height - top - bottom);
  const grid = ticks(low, high, 5).map((tick) => s("g", {},
    s("line", { class: "rule", x1: left, x2: width - right, y1: py(tick), y2: py(tick) }),
    s("text", { x: left - 8, y: py(tick) + 4, "text-anchor": "end" }, number(tick))));
  const every = names ? Math.ceil(names.length / 12) : 1;
  const below = names
    ? names.map((name, k) => k % every === 0 && s("text", { x: px(k), y: height - bottom + 16, "text-anchor": "middle" }, clip(name, (width - left) / Math.min(12, names.length) - 4, LARGEST)))
    : ticks(from, to, 8).filter((tick) => Number.isInteger(tick) || !xs.every(Number.isInteger)).map((tick) => s("text", { x: px(tick), y: height - bottom + 16, "text-anchor": "middle" }, number(tick)));
  const path = (/** @type {[number, number][]} */ list) => list.map(([a, b], k) => `${k ? "L" : "M"}${px(a).toFixed(1)} ${py(b).toFixed(1)}`).join("");
  const drawn = series.map((one, k) => {
    const ink = `ink-${k % INKS}`;
    const { points: list, low: lows, high: highs } = one;
    const area = lows && highs && list.length > 1 && !names
      ? s("path", { class: `area ${ink}`, d: `${path(list.map(([a], n) => [a, lows[n]]))}L${path([.../** @type {[number, number][]} */ (list.map(([a], n) => [a, highs[n]]))].reverse()).slice(1)}Z` }) : null;
    const line = names ? null : s("path", { class: `line ${ink}`, d: path(list) });
    const whiskers = names && lows && highs ? list.map(([a, _b], n) => lows[n] !== highs[n] && s("line", { class: `whisker ${ink}`, x1: px(a), x2: px(a), y1: py(lows[n]), y2: py(highs[n]) })) : [];
    const dots = names || list.length <= 40 ? list.map(([a, b]) => s("circle", { class: `dot ${ink}`, cx: px(a).toFixed(1), cy: py(b).toFixed(1), r: list.length > 400 ? 1.6 : 3.2 }, list.length <= 400 && s("title", {}, `${one.name}${names ? ` ${names[Math.round(a)]}` : `, ${x} ${a}`}: ${number(b)}`))) : [];
    return s("g", {}, area, line, whiskers, dots);
  });
  const key = series.length > 1 ? h("ul", { class: "key" }, series.map((one, k) => h("li", {}, h("span", { class: `swatch ink-${k % INKS}`, "aria-hidden": "true" }), h("bdi", {}, one.name)))) : null;
  return h("figure", { class: "plot" }, h("figcaption", { dir: "auto" }, title),
    s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ${plural(series.length, "series").replace("seriess", "series")}, from ${number(Math.min(...all))} to ${number(Math.max(...all))}` },
      grid, below, drawn,
      s("text", { class: "axis", x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x),
      s("text", { class: "axis", x: 12, y: (height - bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(height - bottom) / 2})` }, clip(y, height - bottom - top, LARGEST))), key);
}

/** A series as small as a word. @param {[number, number][]} list */
function spark(list) {
  const [low, high] = range(list.map((point) => point[1]));
  const [from, to] = [list[0][0], list[list.length - 1][0]];
  const d = list.map(([a, b], k) => `${k ? "L" : "M"}${(((a - from) / (to - from || 1)) * 88 + 1).toFixed(1)} ${(17 - ((b - low) / (high - low)) * 16).toFixed(1)}`).join("");
  return s("svg", { class: "spark", viewBox: "0 0 90 18", "aria-hidden": "true" }, s("path", { d }));
}
