// Assets: the card of an FMU of 1 MB, and two hundred random trees put into one twin on another backend
// and brought back. Prints one JSON object of figures.
//
//   TWINPORT=FILE node bench/assets.mjs
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { commit } from '../tests/assets.js';
import { federation, signInToWrite } from '../tests/federation.js';
import { roundtrip } from '../tests/roundtrip.js';
import { start } from '../tests/server.js';

const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ? `/usr/bin/${process.env.CHROMIUM}` : undefined, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'] });
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// An FMU of a megabyte: a thousand variables, and a binary that does not pack.
function large() {
  const folder = mkdtempSync(join(tmpdir(), 'fmu-'));
  const variables = Array.from({ length: 1000 }, (_, n) => `<ScalarVariable name="part.${n}.x" valueReference="${n}" causality="${n % 3 ? 'local' : 'output'}" description="A variable of the test"><Real unit="m" start="${n}"/></ScalarVariable>`);
  writeFileSync(join(folder, 'modelDescription.xml'), `<?xml version="1.0"?><fmiModelDescription fmiVersion="2.0" modelName="large" guid="{1}"><CoSimulation modelIdentifier="large"/><ModelVariables>${variables.join('')}</ModelVariables></fmiModelDescription>`);
  writeFileSync(join(folder, 'large.so'), randomBytes(1_000_000));
  const script = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1]+'/large.fmu','w',zipfile.ZIP_DEFLATED)\nz.write(sys.argv[1]+'/modelDescription.xml','modelDescription.xml')\nz.write(sys.argv[1]+'/large.so','binaries/linux64/large.so')\nz.close()";
  execFileSync('python3', ['-c', script, folder]);
  return readFileSync(join(folder, 'large.fmu'));
}

// From the last byte of the model to its first variable on the page, once the reader is there.
async function card(browser) {
  const server = await start();
  const page = await browser.newPage();
  await commit(server.api, server.token('admin'), 'dtaas/common', { 'models/large/large.fmu': large(), 'models/large/notes.txt': 'notes' });
  await page.goto(server.newLink('admin'));
  await page.locator('html[data-ready]').waitFor();
  await page.goto(`${server.url}/i/local/library/models/common/large?file=models%2Flarge%2Flarge.fmu`);
  await page.locator('table.variables tbody tr').first().waitFor();
  const times = [];
  for (let round = 0; round < 7; round += 1) {
    await page.getByRole('link', { name: 'notes.txt' }).click();
    await page.getByRole('region', { name: 'File content' }).waitFor();
    await page.evaluate(() => {
      performance.clearResourceTimings();
      window.shown = new Promise((done) => {
        const look = new MutationObserver(() => document.querySelector('table.variables tbody tr') && (look.disconnect(), requestAnimationFrame(() => done(performance.now()))));
        look.observe(document.body, { childList: true, subtree: true });
      });
    });
    await page.getByRole('link', { name: 'large.fmu' }).click();
    times.push(await page.evaluate(async () => (await window.shown) - performance.getEntriesByType('resource').filter((entry) => entry.name.includes('large.fmu')).at(-1).responseEnd));
  }
  await page.close();
  await server.stop();
  return median(times);
}

const browser = await launch();
const figures = { 'fmu.card_ms_1mb': await card(browser) };
const fed = await federation();
const page = await browser.newPage();
for (const id of ['aarhus', 'polimi']) await signInToWrite(page, fed, id);
const outcome = await roundtrip(page, fed, { count: 200, large: 50_000_000 });
figures['compose.write_requests_500_files'] = outcome.writes;
figures['compose.files'] = outcome.files;
figures['roundtrip.trees_identical'] = outcome.identical;
figures['roundtrip.whole_twin_identical'] = Number(outcome.whole);
await browser.close();
await fed.stop();
console.log(JSON.stringify(figures));
