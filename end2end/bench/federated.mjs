// Fleets, panels and streams, measured in Chromium. Prints one JSON object of figures.
//
//   TWINPORT=FILE CHROMIUM=chromium node bench/federated.mjs [fleet] [panel] [stream]
import { chromium } from '@playwright/test';
import { connect } from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { broker } from '../tests/broker.js';
import { federation, signInToWrite } from '../tests/federation.js';
import { freePort, ready, signIn, start } from '../tests/server.js';

const parts = process.argv.slice(2);
const wanted = (part) => !parts.length || parts.includes(part);
const executablePath = process.env.CHROMIUM?.startsWith('/') ? process.env.CHROMIUM : `/usr/bin/${process.env.CHROMIUM ?? 'chromium'}`;
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const figures = {};
const percentile = (list, part) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))];

// The most that the page's own thread worked in one go, in milliseconds of processor time. All backends and their jobs run on
// this machine, too, and would be counted otherwise: a frame's length is printed beside it.
function longest(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const threads = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ name, ph, pid, tid }) => name === 'RunTask' && ph === 'X' && threads.has(`${pid} ${tid}`));
  const most = (key) => Math.max(...tasks.map((task) => task[key] ?? 0)) / 1000;
  return { work: most('tdur'), wall: most('dur') };
}

// 200 members over three instances: what starting them costs, and how smooth the board stays.
async function fleet() {
  const fed = await federation();
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const manifest = 'version: 1\nkind: fleet\ntitle: Two hundred\nrollout: {at_once: 100}\nmembers:\n  pump: {twin: pump, project: dtaas/admin, copies: 200, instance: [aarhus, polimi, gent], variables: {PUMP: "{n}"}}\n';
  await fed.aarhus.post('/projects/dtaas%2Fadmin/repository/commits', { branch: 'main', commit_message: 'A fleet', actions: [{ action: 'update', file_path: 'digital_twins/pump-fleet/federation.yml', content: manifest }] });
  for (const id of ['aarhus', 'polimi', 'gent']) await signInToWrite(page, fed, id);
  await page.goto(`${fed.url}/i/aarhus/federated/private/pump-fleet`);
  await ready(page);
  await page.getByRole('button', { name: 'Start all' }).waitFor();
  const fronts = ['aarhus', 'polimi', 'gent'].map((id) => fed[id].front);
  for (const front of fronts) front.seen = [];
  const api = () => fronts.flatMap(({ seen }) => seen).filter(({ method, path }) => method !== 'OPTIONS' && path.startsWith('/forge/api/'));
  await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'] });
  await page.getByRole('button', { name: 'Start all' }).click();
  await page.locator('.member-square').first().waitFor();
  const started = () => api().filter(({ method, path }) => method === 'POST' && path.endsWith('/pipeline')).length;
  for (const begun = Date.now(); started() < 200 && Date.now() - begun < 120_000;) await page.waitForTimeout(100);
  figures['fleet.start_requests_per_member'] = api().length / 200;
  // Scrolling, filtering and sorting out while answers come in.
  await page.getByLabel('Filter members').pressSequentially('pump-1', { delay: 60 });
  await page.getByLabel('Filter members').fill('');
  for (let turn = 0; turn < 20; turn++) {
    await page.mouse.wheel(0, turn % 2 ? -900 : 900);
    await page.waitForTimeout(100);
  }
  const { work, wall } = longest(await browser.stopTracing());
  figures['fleet.worst_frame_ms'] = work;
  console.error(`longest task ${Math.round(wall)} ms by the clock, with three backends and their jobs on the same processors`);
  console.error(`${started()} starts, ${api().length} requests in all`);
  await page.context().close();
  await fed.stop();
}

// A million points: until they are drawn, and the longest frame while one moves about in them.
async function panel() {
  const server = await start();
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await signIn(page, server);
  const built = readdirSync(join(import.meta.dirname, '../../target/site/pkg'))[0];
  const measured = await page.evaluate(async (url) => {
    const { make, set } = await import(url);
    const element = Object.assign(document.createElement('div'), { className: 'panel-plot' });
    element.dataset.panel = '';
    document.querySelector('main').prepend(element);
    const count = 1_000_000;
    const [x, y] = [new Float64Array(count), new Float64Array(count)];
    for (let k = 0; k < count; k++) [x[k], y[k]] = [k, Math.sin(k / 5e4) + (k % 997) / 5e3];
    y[777_777] = 9;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    const begun = performance.now();
    const picture = make(element, ['a'], JSON.stringify({ sync: 'x' }));
    set(picture, 0, x, y);
    while (!picture.draws) await frame();
    const first = performance.now() - begun;
    const peak = picture.plot.data[1].includes(9);
    let [worst, before] = [0, performance.now()];
    for (let k = 0; k < 120; k++) {
      const width = count * (0.9 - (k % 60) * 0.014);
      const from = ((count - width) * (k % 20)) / 20;
      picture.zoom(from, from + width);
      const now = await frame();
      if (k > 1) worst = Math.max(worst, now - before);
      before = now;
    }
    return { first, worst, peak };
  }, `${server.url}/pkg/${built}/panel.js`);
  if (!measured.peak) throw new Error('the one peak among a million points is not drawn');
  figures['panel.first_draw_ms_1m'] = measured.first;
  figures['panel.worst_frame_ms_1m'] = measured.worst;
  await page.context().close();
  await server.stop();
}

// Publishes `rate` messages a second, each with the time at which it was sent.
function publisher(port, rate) {
  const socket = connect(port, '127.0.0.1');
  const text = (words) => Buffer.concat([Buffer.from([words.length >> 8, words.length & 255]), Buffer.from(words)]);
  const packet = (kind, body) => Buffer.concat([Buffer.from(body.length < 128 ? [kind, body.length] : [kind, (body.length & 127) | 128, body.length >> 7]), body]);
  socket.write(packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 60]), text('load')])));
  let [sent, begun] = [0, 0];
  socket.once('data', () => {
    begun = Date.now();
    const timer = setInterval(() => {
      const due = Math.floor(((Date.now() - begun) * rate) / 1000) - sent;
      const topic = text('load/x');
      const batch = Array.from({ length: Math.max(due, 0) }, () => packet(0x30, Buffer.concat([topic, Buffer.from(`{"t":${Date.now()},"v":${sent++ % 100}}`)])));
      if (batch.length) socket.write(Buffer.concat(batch));
    }, 5);
    socket.once('close', () => clearInterval(timer));
  });
  return { sent: () => sent, stop: () => socket.destroy() };
}

// 10,000 messages a second, until each is in the browser: the oldest of each stretch counts.
async function stream() {
  const bus = await broker();
  const server = await start(`[[service]]\nid = "bus"\ninstance = "local"\nkind = "mqtt"\nurl = "mqtt://127.0.0.1:${bus.port}"\ntopics = ["load/#"]\n`, await freePort());
  const page = await (await browser.newContext()).newPage();
  await signIn(page, server);
  const load = publisher(bus.port, 10_000);
  const measured = await page.evaluate(async () => {
    const want = encodeURIComponent(JSON.stringify([{ topic: 'load/x', value: 't' }]));
    const answer = await fetch(`/services/local/bus/stream?want=${want}`, { headers: { 'X-Twinport': '1' } });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const [ages, begun] = [[], Date.now()];
    let [count, longest, rest] = [0, 0, ''];
    while (Date.now() - begun < 15_000) {
      const lines = (rest + (await reader.read()).value).split('\n');
      rest = lines.pop();
      const now = Date.now();
      for (const line of lines) {
        longest = Math.max(longest, line.length);
        for (const [, , least, , , many] of JSON.parse(line).s ?? []) {
          if (now - begun > 1_000) ages.push(now - least);
          count += many;
        }
      }
    }
    await reader.cancel();
    return { ages, count, longest };
  });
  load.stop();
  console.error(`${measured.count} of ${load.sent()} messages arrived in 15 s, lines of at most ${measured.longest} bytes`);
  figures['stream.p95_ms_10k'] = percentile(measured.ages, 0.95);
  await page.context().close();
  await server.stop();
  await bus.stop();
}

for (const [name, part] of Object.entries({ panel, stream, fleet })) if (wanted(name)) await part();
await browser.close();
console.log(JSON.stringify(figures));
process.exit(0);
