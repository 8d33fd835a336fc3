// Fifty instances on fifty backends, a thousand assets each, two of which hang; the requests that an
// instance of a hundred twins takes; and a hundred pages that need a new token at two servers with one
// store. Prints one JSON object of figures.
//
//   node bench/federation.mjs TWINPORT [--shots FOLDER]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { chromium } from '@playwright/test';

const binary = process.argv[2];
const shots = process.argv.includes('--shots') ? process.argv[process.argv.indexOf('--shots') + 1] : null;
const [INSTANCES, ASSETS, HUNG, BUDGET] = [50, 1000, 2, 4000];
const KINDS = ['digital_twins', 'functions', 'models', 'tools', 'data'];
const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rounded = (number) => Math.round(number * 10) / 10;
const WORDS = ['pendulum', 'incubator', 'water-tank', 'robot-arm', 'thermostat', 'gear', 'battery', 'crane', 'flex-cell', 'mass-spring'];

const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*', 'access-control-allow-methods': '*', 'access-control-max-age': '7200', 'access-control-expose-headers': 'Link' };

/// A backend with so many assets of each kind in the common project, and none of one's own.
function backend(number, perKind, { lives = 7200 } = {}) {
  const state = { hangs: false, refreshes: 0, requests: [], serial: 0, refresh: '' };
  const name = (kind, place) => `${WORDS[place % WORDS.length]}-${kind[0]}${number}-${place}`;
  const json = (answer, body, more = {}) => {
    answer.writeHead(200, { 'content-type': 'application/json', ...CORS, ...more });
    answer.end(JSON.stringify(body));
  };
  const graph = (query) => {
    if (query.includes('rawTextBlob')) {
      const paths = [...query.matchAll(/"([^"]+\/description\.md)"/g)].map((match) => match[1]);
      return { project: { repository: { blobs: { nodes: paths.map((at) => ({ path: at, rawTextBlob: `About ${at.split('/')[1]}` })) } } } };
    }
    // A hundred folders at a time, and where the next begin; only the common project holds any.
    const folder = (kind, after) => {
      const [all, from] = [perKind[kind] ?? 0, Number(after ?? 0)];
      const names = Array.from({ length: Math.min(100, all - from) }, (_, n) => ({ name: name(kind, from + n) }));
      return { trees: { nodes: names, pageInfo: { hasNextPage: from + 100 < all, endCursor: String(from + names.length) } }, blobs: { nodes: [] } };
    };
    const none = { trees: { nodes: [], pageInfo: { endCursor: null } }, blobs: { nodes: [] } };
    const project = ([, number, path, folders]) => {
      const listed = [...folders.matchAll(/(f\d+): tree\(path: "([^"]+)", ref: "[^"]+"\) \{ trees\(first: 100(?:, after: "(\d+)")?\)/g)];
      return [number, { repository: Object.fromEntries(listed.map(([, key, kind, after]) => [key, path.endsWith('/common') ? folder(kind, after) : none])) }];
    };
    return Object.fromEntries([...query.matchAll(/(p\d+): project\(fullPath: "([^"]+)"\)((?:(?! p\d+: project).)*)/gs)].map(project));
  };
  const server = http.createServer((request, answer) => {
    const url = new URL(request.url, 'http://x');
    if (request.method === 'OPTIONS') {
      answer.writeHead(204, CORS);
      return void answer.end();
    }
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', async () => {
      if (url.pathname === '/oauth/authorize') {
        answer.writeHead(302, { location: `${url.searchParams.get('redirect_uri')}?code=c&state=${url.searchParams.get('state')}` });
        return void answer.end();
      }
      if (url.pathname === '/oauth/token') {
        const form = new URLSearchParams(text);
        if (form.get('grant_type') === 'refresh_token') {
          if (form.get('refresh_token') !== state.refresh) {
            answer.writeHead(400, { 'content-type': 'application/json' });
            return void answer.end('{"error":"invalid_grant"}');
          }
          state.refreshes += 1;
          await sleep(500);
        }
        state.serial += 1;
        state.refresh = `refresh-${state.serial}`;
        const expires_in = form.get('grant_type') === 'refresh_token' ? 7200 : lives;
        return void json(answer, { access_token: `access-${state.serial}`, token_type: 'Bearer', expires_in, refresh_token: state.refresh, scope: 'read_api' });
      }
      if (url.pathname === '/api/v4/user') return void json(answer, { username: 'ada', name: 'Ada' });
      if (!url.pathname.startsWith('/api/')) {
        answer.writeHead(404);
        return void answer.end();
      }
      state.requests.push(url.pathname);
      if (state.hangs) return;
      if (url.pathname === '/api/graphql') return void json(answer, { data: graph(JSON.parse(text).query) });
      answer.writeHead(404, CORS);
      answer.end();
    });
  });
  state.listen = () => new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)); });
  state.close = () => server.closeAllConnections() ?? server.close();
  return state;
}

/// A portal for these backends.
async function portal(urls, server = '') {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'twinport-bench-'));
  const port = await new Promise((resolve) => { const probe = http.createServer(); probe.listen(0, '127.0.0.1', () => { const { port: free } = probe.address(); probe.close(() => resolve(free)); }); });
  const address = `127.0.0.1:${port}`;
  const parts = urls.map((url, n) => `[[gitlab]]\nid = "b${n}"\nurl = "${url}"\nclient_id = "app"\n[[instance]]\nid = "i${n}"\nname = "Instance ${n}"\ngitlab = "b${n}"\n`);
  fs.writeFileSync(path.join(data, 'twinport.toml'), `[server]\nlisten = "${address}"\n${server}\n${parts.join('')}`);
  const child = spawn(binary, ['serve', '--data', path.join(data, 'data'), '--config', path.join(data, 'twinport.toml')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => { child.stdout.once('data', resolve); });
  return { url: `http://${address}`, data, end: () => { child.kill(); fs.rmSync(data, { recursive: true, force: true }); } };
}

/// Signs in at every backend; the cookie.
async function signIn(base, count, begin = base) {
  let cookie = '';
  const get = async (url) => {
    const answer = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
    const set = answer.headers.getSetCookie()[0];
    if (set && url.startsWith(base)) cookie = set.split(';')[0];
    return answer.headers.get('location');
  };
  for (let n = 0; n < count; n += 1) await get(await get(await get(`${begin}/auth/b${n}?then=%2Fhelp`)));
  return cookie;
}

const figures = {};
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM?.startsWith('/') ? process.env.CHROMIUM : `/usr/bin/${process.env.CHROMIUM || 'chromium'}`, args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'] });
async function page(base, cookie) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const [name, value] = cookie.split('=');
  await context.addCookies([{ name, value, url: base }]);
  return context.newPage();
}

// An instance of a hundred twins.
{
  const one = backend(0, { digital_twins: 100 });
  const here = await portal([await one.listen()]);
  const tab = await page(here.url, await signIn(here.url, 1));
  let tokens = 0;
  tab.on('request', (request) => { tokens += request.url().endsWith('/token') ? 1 : 0; });
  await tab.goto(`${here.url}/i/i0/library/digital_twins`);
  await tab.getByText('About pendulum-d0-0', { exact: true }).waitFor();
  await tab.waitForTimeout(1000);
  figures['twins.requests_per_instance'] = one.requests.length + tokens;
  await tab.context().close();
  here.end();
  one.close();
}

// Fifty instances, two of which hang.
{
  const perKind = Object.fromEntries(KINDS.map((kind) => [kind, ASSETS / KINDS.length]));
  const all = Array.from({ length: INSTANCES }, (_, n) => backend(n, perKind));
  const here = await portal(await Promise.all(all.map((one) => one.listen())));
  const cookie = await signIn(here.url, INSTANCES);
  all.slice(0, HUNG).forEach((one) => { one.hangs = true; });
  const tab = await page(here.url, cookie);
  await tab.addInitScript(() => {
    window.seen = { answer: 0, row: 0, alive: 0 };
    const look = () => {
      if (!window.seen.row && document.querySelector('table.assets tbody th')) window.seen.row = performance.now();
      if (!window.seen.alive && document.documentElement.hasAttribute('data-ready')) window.seen.alive = performance.now();
      if (!window.seen.answer) {
        const entry = performance.getEntriesByType('resource').find((one) => one.name.includes('/api/graphql') && one.responseEnd > 0);
        if (entry) window.seen.answer = entry.responseEnd;
      }
      if (!window.seen.row || !window.seen.answer) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await tab.goto(`${here.url}/all/library`);
  const began = Date.now();
  const answered = (count) => tab.getByText(`${count} of ${INSTANCES} instances answered.`);
  await answered(INSTANCES - HUNG).waitFor({ timeout: 30_000 });
  figures['fanout.all_answered_ms'] = Date.now() - began;
  const seen = await tab.evaluate(() => window.seen);
  // Answers are asked for before the app is there: what counts is when both are.
  figures['fanout.first_result_ms'] = rounded(Math.max(0, seen.row - Math.max(seen.answer, seen.alive)));
  if (process.env.VERBOSE) console.error(seen);
  // Instances that answer and are not there when the budget is over.
  figures['fanout.blocked_by_hung'] = figures['fanout.all_answered_ms'] <= BUDGET ? 0 : 1;
  await tab.getByText('no answer').first().waitFor({ timeout: 8_000 });
  if (shots) await tab.screenshot({ path: path.join(shots, 'fifty.png') });
  const rows = await tab.getByRole('status').filter({ hasText: 'shown' }).textContent();
  if (!rows.startsWith(String((INSTANCES - HUNG) * ASSETS))) throw new Error(`not all assets are there: ${rows}`);
  await tab.waitForTimeout(500);
  // From a key to the frame that shows what it did.
  const keys = await tab.evaluate(async () => {
    const field = document.querySelector('input[type=search]');
    const frame = () => new Promise((resolve) => { requestAnimationFrame(() => resolve(performance.now())); });
    const times = [];
    for (const text of ['', 'p', 'pe', 'pen', 'pend', 'pendu', 'pendul', 'pendlu', 'pendlum', 'w', 'wa', 'wat', 'g4', 'crane 12', '']) {
      await frame();
      await new Promise((resolve) => { setTimeout(resolve, 60); });
      const start = performance.now();
      field.value = text;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      await new Promise((resolve) => { queueMicrotask(resolve); });
      await new Promise((resolve) => { setTimeout(resolve, 0); });
      times.push([text, performance.now() - start]);
    }
    return times.slice(1);
  });
  if (process.env.VERBOSE) console.error(keys);
  figures['filter50k.keystroke_ms'] = rounded(median(keys.map(([, time]) => time)));
  figures['filter50k.worst_keystroke_ms'] = rounded(Math.max(...keys.map(([, time]) => time)));
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const resident = (id) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  figures['fanout.tab_memory_bytes'] = Math.max(...processInfo.filter((one) => one.type === 'renderer').map((one) => resident(one.id)));
  await tab.context().close();
  here.end();
  all.forEach((one) => one.close());
}

// Two servers with one store, fifty pages at each.
{
  const one = backend(0, {}, { lives: 10 });
  const url = await one.listen();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'twinport-bench-'));
  fs.writeFileSync(path.join(folder, 'key'), Buffer.alloc(32, 7));
  const shared = `session_store = "sqlite://${path.join(folder, 'shared.db')}"\nkey_files = ["${path.join(folder, 'key')}"]`;
  const servers = [await portal([url], shared), await portal([url], shared)];
  const cookie = await signIn(servers[0].url, 1);
  const ask = (server) => fetch(`${server.url}/auth/b0/token`, { method: 'POST', headers: { cookie, 'x-twinport': '1', 'sec-fetch-site': 'same-origin' } }).then((answer) => answer.status);
  const statuses = await Promise.all(servers.flatMap((server) => Array.from({ length: 50 }, () => ask(server))));
  figures['refresh.count_50x2'] = one.refreshes;
  figures['refresh.signed_out_50x2'] = statuses.filter((status) => status !== 200).length;
  servers.forEach((server) => server.end());
  one.close();
  fs.rmSync(folder, { recursive: true, force: true });
}
await browser.close();
console.log(JSON.stringify(figures));
process.exit(0);
