// Makes the picture of the README: node tests/browser/picture.mjs target/debug/expops docs/report.png
// (after `tests/browser/run`, which fetches what it needs). One row of the penguins was edited: one of four partitions ran.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [program, picture] = process.argv.slice(2);
const expops = resolve(program);
const repository = join(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = mkdtempSync(join(tmpdir(), "expops picture "));
const path = `${dirname(expops)}:${join(repository, ".venv/bin")}:${process.env.PATH}`;
const run = (...words) => execFileSync(expops, words, { cwd: folder, env: { ...process.env, PATH: path }, stdio: "ignore", timeout: 120_000 });
try {
  cpSync(join(repository, "examples/penguins"), folder, { recursive: true, filter: (file) => !/\/(build|Makefile|build\.ninja|\.ninja_\w+)$/.test(file) });
  run("run");
  const data = join(folder, "data/penguins.csv");
  writeFileSync(data, readFileSync(data, "utf8").replace("46.5,17.9,192,3500", "46.5,17.9,192,3600"));
  run("run");
  run("report");
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 600 } });
  await page.goto(`file://${encodeURI(folder)}/report.html#/instance/fit%2Fp4`);
  await page.locator(".detail h3").first().waitFor();
  // The name of the machine is nobody's business.
  await page.evaluate(() => document.querySelectorAll("dt").forEach((term) => term.textContent === "host" && term.parentElement.remove()));
  await page.screenshot({ path: picture });
  await browser.close();
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
