// Logs in a browser: 100 MB at once, 10,000 lines a second, a connection that breaks, and how often
// the server is asked. Prints one JSON object of figures.
//
//   node bench/logs.mjs TWINPORT LOG [--shots FOLDER]
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { chromium } from '@playwright/test';

const [binary, sample] = process.argv.slice(2);
const SIZE = 100e6;
const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rounded = (number) => Math.round(number * 10) / 10;

/// A proxy that can cut every connection that goes through it.
async function proxy(target) {
  const open = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(target, '127.0.0.1');
    for (const [from, to] of [[near, far], [far, near]]) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => { open.delete(from); to.destroy(); });
    }
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { port: server.address().port, cut: () => open.forEach((socket) => socket.destroy()), end: () => server.close() };
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

const data = fs.mkdtempSync(path.join(os.tmpdir(), 'twinport-bench-'));
const port = await freePort();
const way = await proxy(port);
const base = `http://127.0.0.1:${way.port}`;
fs.writeFileSync(path.join(data, 'twinport.toml'), `[server]\npublic_url = "${base}"\n[runner]\nlog_limit_bytes = 300000000\n`);
const server = spawn(binary, ['serve', '--data', path.join(data, 'd'), '--listen', `127.0.0.1:${port}`, '--config', path.join(data, 'twinport.toml')], { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
server.stdout.on('data', (bytes) => { said += bytes; });
while (!/Sign in: (\S+)/.test(said)) await sleep(20);
const link = /Sign in: (\S+)/.exec(said)[1];
const token = execFileSync(binary, ['token', 'create', 'admin', '--scope', 'api', '--data', path.join(data, 'd')]).toString().trim();
const project = `${base}/forge/api/v4/projects/dtaas%2Fadmin`;
const api = async (method, url, body) => {
  const answer = await fetch(project + url, { method, headers: { 'PRIVATE-TOKEN': token, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

/// Starts a pipeline of one job with this script; its number and the job's.
async function job(name, script) {
  const content = `${JSON.stringify(name)}:\n  script:\n${script.map((line) => `    - ${JSON.stringify(line)}\n`).join('')}`;
  await api('POST', '/repository/commits', { branch: name, start_branch: 'main', commit_message: name, actions: [{ action: 'update', file_path: '.gitlab-ci.yml', content }] });
  for (;;) {
    const [run] = await api('GET', `/pipelines?ref=${name}`);
    const [first] = run ? await api('GET', `/pipelines/${run.id}/jobs`) : [];
    if (first && first.status !== 'created' && first.status !== 'pending') return { run: run.id, job: first.id };
    await sleep(50);
  }
}
const ended = async (id) => { while (!['success', 'failed', 'canceled'].includes((await api('GET', `/jobs/${id}`)).status)) await sleep(200); };
const trace = (id) => path.join(data, 'd/forge/traces', `${id}.log`);

// Whatever hangs, this does not.
setTimeout(() => { console.error('the measurement hangs'); server.kill('SIGKILL'); process.exit(1); }, 240_000).unref();

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--js-flags=--expose-gc'];
const browser = await chromium.launch({ executablePath: execFileSync('which', [process.env.CHROMIUM || 'chromium']).toString().trim(), args: flags });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
await context.addInitScript(() => {
  const look = () => {
    if (document.querySelector('.log-row')) globalThis.firstRow = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
const page = await context.newPage();
await page.goto(link);
await page.getByRole('heading', { name: 'Library' }).waitFor();
const open = (run, number) => page.goto(`${base}/i/local/runs/private/${run}/${number}`);

/// Megabytes that the page's process and its worker take, after what is garbage is gone.
async function memory() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await page.evaluate(() => globalThis.gc?.());
  await sleep(1500);
  const resident = (id) => Number(/RssAnon:\s+(\d+)/.exec(fs.readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  return Math.max(...processInfo.filter((each) => each.type === 'renderer').map((each) => resident(each.id)));
}

/// Types into the search and waits for the last word about it: milliseconds, and what was said.
const search = (text) => page.evaluate((wanted) => new Promise((resolve) => {
  const field = document.querySelector('.log-find input');
  const count = document.querySelector('.log-count');
  const begin = performance.now();
  field.value = wanted;
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  const look = () => {
    const said = count.textContent;
    if (/\d|Nothing/.test(said) && !said.includes('…')) resolve([performance.now() - begin, said]);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}), text);

const figures = {};
try {
  // 100 MB that are there already.
  const big = await job('big', ['true']);
  await ended(big.job);
  await open(big.run, big.job);
  await page.getByText('Complete').waitFor();
  const before = await memory();
  const once = fs.readFileSync(sample);
  const whole = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at += once.length) once.copy(whole, at);
  fs.writeFileSync(trace(big.job), whole);
  const firsts = [];
  for (let run = 0; run < 3; run += 1) {
    await open(big.run, big.job);
    await page.getByText('Complete').waitFor({ timeout: 60_000 });
    firsts.push(await page.evaluate(() => globalThis.firstRow - performance.getEntriesByType('resource').find((entry) => entry.name.includes('/trace')).responseStart));
  }
  figures['log100.first_lines_ms'] = rounded(median(firsts));
  figures['log100.memory_ratio'] = Math.round(((await memory()) - before) / SIZE * 100) / 100;
  const searches = [];
  for (const text of ['Skipping', 'no such text', 'Package']) {
    searches.push((await search(text))[0]);
  }
  figures['log100.search_ms'] = rounded(Math.max(...searches));
  figures['log100.worst_frame_ms'] = rounded(await page.evaluate(() => new Promise((resolve) => {
    const box = document.querySelector('.log-body');
    const end = box.scrollHeight - box.clientHeight;
    let worst = 0;
    let last = performance.now();
    const begin = last;
    box.scrollTop = 0;
    const step = () => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
      const part = (now - begin) / 8000;
      if (part >= 1) return resolve(worst);
      // Slowly at first, as a wheel does, then in leaps.
      box.scrollTop = part < 0.5 ? box.scrollTop + 100 : end * (part - 0.5) * 2;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })));
  // A line of 10 MB.
  fs.writeFileSync(trace(big.job), Buffer.concat([Buffer.from('before\n'), Buffer.alloc(10e6, 'x'), Buffer.from('\nafter\n')]));
  await open(big.run, big.job);
  await page.getByText('after', { exact: true }).waitFor();
  figures['log10line.first_lines_ms'] = rounded(await page.evaluate(() => globalThis.firstRow - performance.getEntriesByType('resource').find((entry) => entry.name.includes('/trace')).responseStart));

  // 10,000 lines a second, seen as they come.
  const fast = "import time,sys\nbegin=time.time()\nn=0\nwhile n<80000:\n  due=int((time.time()-begin)*10000)\n  while n<due:\n    print(f'at={time.time()*1000:.0f} line {n}');n+=1\n  sys.stdout.flush();time.sleep(.02)\n";
  const live = await job('live', [`python3 -c ${JSON.stringify(fast).replaceAll('\\n', '\n')}`]);
  await open(live.run, live.job);
  const delays = await page.evaluate(() => new Promise((resolve) => {
    const seen = [];
    const until = performance.now() + 7000;
    const look = () => {
      const rows = document.querySelectorAll('.log-row');
      const time = /at=(\d+)/.exec(rows[rows.length - 1]?.textContent ?? '');
      if (time) seen.push(Date.now() - Number(time[1]));
      if (performance.now() < until) requestAnimationFrame(look);
      else resolve(seen);
    };
    requestAnimationFrame(look);
  }));
  // While lines come; when they have ended the last one only grows older.
  const during = delays.slice(0, Math.floor(delays.length * 0.8));
  figures['live.latency_ms'] = rounded(median(during));
  figures['live.worst_latency_ms'] = rounded(Math.max(...during.slice(Math.floor(during.length / 5))));
  await ended(live.job);

  // The same over a connection that breaks twice a second.
  const broken = await job('broken', [`python3 -c ${JSON.stringify(fast).replaceAll('\\n', '\n')}`]);
  await open(broken.run, broken.job);
  await page.locator('.log-row').first().waitFor();
  for (let cut = 0; cut < 16; cut += 1) {
    way.cut();
    await sleep(500);
  }
  await page.getByText('Complete').waitFor({ timeout: 60_000 });
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save' }).click();
  const got = fs.readFileSync(await (await download).path());
  const wanted = fs.readFileSync(trace(broken.job));
  const same = createHash('sha256').update(got).digest('hex') === createHash('sha256').update(wanted).digest('hex');
  figures['live.lost_bytes'] = same ? 0 : Math.max(1, Math.abs(wanted.length - got.length));

  // How often the server is asked while one run is followed.
  const slow = await job('slow', ['for i in $(seq 60); do echo $i; sleep 1; done']);
  await open(slow.run, slow.job);
  await page.getByText('Live').waitFor();
  await sleep(2000);
  let count = 0;
  page.on('request', (request) => { count += request.url().includes('/api/v4/') ? 1 : 0; });
  await sleep(40_000);
  figures['follow.requests_per_min'] = rounded(count * 1.5);
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await new Promise((resolve) => { server.on('exit', resolve); });
  way.end();
  fs.rmSync(data, { recursive: true, force: true });
}
console.log(JSON.stringify(figures));
