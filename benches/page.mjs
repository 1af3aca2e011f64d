// When Chromium first paints a page, and how long clicks take until they are painted: node benches/page.mjs CHROMIUM PAGE.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../tests/browser/page.mjs", import.meta.url));
const { chromium } = require("playwright-core");
const [executablePath, file] = process.argv.slice(2);
const middle = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const paints = [];
const clicks = [];
for (let round = 0; round < 5; round++) {
  const page = await browser.newPage({ viewport: { width: 1300, height: 850 } });
  await page.goto(pathToFileURL(file).href);
  await page.locator('.node[data-process="2"]').waitFor();
  paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
  await page.evaluate(() => {
    globalThis.clicks = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => entry.name === "click" && globalThis.clicks.push(entry.duration)))
      .observe({ type: "event", durationThreshold: 16 });
  });
  for (const process of [2, 3, 2]) {
    await page.locator(`.node[data-process="${process}"]`).click();
    await page.waitForTimeout(300);
  }
  // What took less than the threshold is not told.
  const told = await page.evaluate(() => globalThis.clicks);
  clicks.push(...told, ...Array(Math.max(0, 3 - told.length)).fill(16));
  await page.close();
}
await browser.close();
const worst = (list) => Math.max(...list).toFixed(0);
console.log(`first paint after ${middle(paints).toFixed(0)} ms (at most ${worst(paints)}); a click took ${middle(clicks).toFixed(0)} ms (at most ${worst(clicks)})`);
