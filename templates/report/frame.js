// What a dynamic chart finds in its frame: the function `chart` of `/mlops-charts.js`, and metrics that its page sends.
(() => {
  "use strict";
  /** @type {Map<string, Function>} */
  const drawers = new Map();
  /** @type {{paths: Record<string, string>, listener: Function}[]} */
  const subscribers = [];
  /** @type {any} */
  let state = null;
  /** @type {any} */
  let drawn = null;
  let isStarted = false;

  /** Other names of keys can be looked up, and are not listed. @param {Record<string, any>} all */
  const named = (all) => {
    for (const [alias, key] of Object.entries(state.aliases)) {
      if (!(alias in all) && key in all) Object.defineProperty(all, alias, { value: all[key], enumerable: false });
    }
    return all;
  };

  /** @param {Record<string, string>} paths */
  const metricsOf = (paths) => {
    /** @type {Record<string, any>} */
    const found = {};
    for (const key of Object.keys(paths || {})) found[key] = state.metrics[key] || {};
    return named(found);
  };

  /** @param {unknown} problem */
  const fail = (problem) => {
    const text = problem instanceof Error ? `${problem.name}: ${problem.message}` : String(problem);
    parent.postMessage({ expops: "problem", text }, "*");
  };

  const height = () => parent.postMessage({ expops: "height", height: document.body.scrollHeight }, "*");

  const listener = {
    /** @param {Record<string, string>} paths @param {Function} f */
    subscribeAll(paths, f) {
      subscribers.push({ paths, listener: f });
      f(metricsOf(paths));
      return () => {
        const at = subscribers.findIndex((one) => one.listener === f);
        if (at >= 0) subscribers.splice(at, 1);
      };
    },
  };

  const context = {
    containerElement: document.createElement("div"),
    /** @param {any} chart */
    setChartInstance(chart) {
      if (drawn && drawn !== chart && drawn.destroy) drawn.destroy();
      drawn = chart;
    },
    /** @param {any} metric */
    toSeries(metric) {
      if (metric === null || metric === undefined) return [];
      if (typeof metric !== "object") return [metric];
      if (Array.isArray(metric)) return metric;
      return Object.keys(metric).sort((a, b) => Number(a) - Number(b)).map((step) => metric[step]);
    },
  };

  const start = () => {
    const draw = state && (drawers.get(state.name) || (drawers.size === 1 ? [...drawers.values()][0] : null));
    if (!draw || isStarted) return;
    isStarted = true;
    try {
      const done = draw(named(state.probePaths), context, listener);
      if (done && done.catch) done.catch(fail);
    } catch (problem) {
      fail(problem);
    }
    height();
  };

  addEventListener("error", (event) => fail(event.error || event.message));
  addEventListener("unhandledrejection", (event) => fail(event.reason));
  addEventListener("resize", () => drawn && drawn.resize && drawn.resize());
  addEventListener("message", (event) => {
    if (event.source !== parent || !event.data || event.data.expops !== "metrics") return;
    const isFirst = !state;
    state = event.data;
    document.documentElement.style.colorScheme = state.dark ? "dark" : "light";
    document.body.style.color = state.dark ? "#e6e8ec" : "#1b1f24";
    const library = /** @type {any} */ (globalThis).Chart;
    if (library && library.defaults) {
      library.defaults.color = state.dark ? "#c5cad3" : "#454c57";
      if (library.defaults.scale && library.defaults.scale.grid) library.defaults.scale.grid.color = state.dark ? "#3a404b" : "#dfe3e8";
    }
    if (isFirst) {
      document.body.append(context.containerElement);
      start();
    } else {
      for (const { paths, listener: f } of subscribers) {
        try {
          f(metricsOf(paths));
        } catch (problem) {
          fail(problem);
        }
      }
      height();
    }
  });

  /** @type {any} */ (globalThis).expopsCharts = {
    /** @param {string} name @param {Function} draw */
    chart(name, draw) {
      drawers.set(name, draw);
      start();
    },
  };
  document.documentElement.style.font = "14px/1.5 system-ui, sans-serif";
  document.body.style.margin = "0";
  context.containerElement.style.cssText = "position: relative; height: 400px";
  addEventListener("load", () => parent.postMessage({ expops: "ready" }, "*"));
})();
