// Elements. Text becomes text, never markup.

/** @typedef {Node | string | number | null | undefined | false} Leaf */
/** @typedef {Leaf | Leaf[] | (Leaf | Leaf[])[]} Child */

/**
 * An element with attributes (`onclick` and the like are listeners) and children.
 * @param {string} name @param {Record<string, any>} [attributes] @param {...Child} children
 * @returns {any}
 */
function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/**
 * The same for SVG.
 * @param {string} name @param {Record<string, any>} [attributes] @param {...Child} children
 * @returns {any}
 */
function s(name, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** @param {any} element @param {Record<string, any> | undefined} attributes @param {Child[]} children */
function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of /** @type {Leaf[]} */ (children.flat(3))) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(typeof child === "object" ? child : String(child));
    }
  }
  return element;
}

/** @param {Element} element @param {...Child} children */
function replace(element, ...children) {
  element.replaceChildren();
  fill(element, {}, children);
}

/** Saves a text as a file. @param {string} name @param {string} type @param {string} text */
function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Tells who cannot see it. @param {string} text */
function announce(text) {
  const place = document.getElementById("announcer");
  if (place) place.textContent = text;
}

const measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  return (/** @type {string} */ text, /** @type {string} */ font) => {
    if (!context) return text.length * 7;
    context.font = font;
    return context.measureText(text).width;
  };
})();

/** A text cut to a width in pixels. @param {string} text @param {number} width @param {string} font */
function clip(text, width, font) {
  if (measure(text, font) <= width) return text;
  const letters = [...text];
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(letters.slice(0, middle).join("") + "…", font) <= width) low = middle;
    else high = middle - 1;
  }
  return letters.slice(0, low).join("") + "…";
}

/** Seconds for people. @param {number} seconds */
function duration(seconds) {
  if (seconds < 0.0005) return "0 s";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const [unit, large, small] = seconds < 3600 ? [60, "min", "s"] : [3600, "h", "min"];
  const rest = Math.round((seconds % unit) / (unit / 60));
  const whole = Math.floor(seconds / unit) + (rest === 60 ? 1 : 0);
  return rest % 60 ? `${whole} ${large} ${rest} ${small}` : `${whole} ${large}`;
}

/** Bytes for people. @param {number} bytes */
function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

/** A sentence begins with a capital. @param {string} text */
function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A number for people. @param {number} value */
function number(value) {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const magnitude = Math.abs(value);
  return magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e7) ? value.toExponential(4) : String(Number(value.toPrecision(6)));
}

/** @param {number} count @param {string} noun */
function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
