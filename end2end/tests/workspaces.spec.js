// Workspaces as people use them, and as they would be misused.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import { hasJupyter, jupyter } from './jupyter.js';
import { expect, freePort, ready, signIn, start, test } from './server.js';

test.use({ harmless: /Failed to load resource|net::ERR|CORS|WebSocket|workspace|Framing|package.json/ });

const host = (server, name = 'admin') => server.url.replace('127.0.0.1', `${name}.localhost`);

async function configured(config) {
  const port = await freePort();
  return start(config, port);
}

async function running(page, server, place) {
  await page.goto(`${server.url}/i/local/workspace`);
  await ready(page);
  await page.getByRole('button', { name: /^Start/ }).click();
  await expect(page.locator('.workspace .status')).toContainText('Running', { timeout: 60_000 });
  if (place) await page.goto(`${server.url}/workspaces/enter/me?then=${encodeURIComponent(place)}`);
}

test('JupyterLab: a cell, a terminal, an asset, and back with git', async ({ page, context }) => {
  test.skip(!hasJupyter(), 'JupyterLab is not installed');
  test.setTimeout(180_000);
  const server = await configured(jupyter());
  try {
    await signIn(page, server);
    // On the way to an asset: it goes on by itself once the workspace runs.
    await page.goto(`${server.url}/i/local/twins/private/hello-world`);
    await page.getByRole('link', { name: 'Open in workspace' }).click();
    await expect(page.getByText(/On the way to dtaas\/admin\/digital_twins\/hello-world/)).toBeVisible();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.waitForURL(`${host(server)}/lab/tree/**`, { timeout: 90_000 });
    expect(page.url()).not.toContain('ticket');
    await expect(page.locator('.jp-DirListing-item', { hasText: 'README.md' })).toBeVisible({ timeout: 60_000 });

    // A cell, over the kernel's WebSocket.
    await page.locator('.jp-LauncherCard[data-category="Notebook"]').first().click();
    const cell = page.locator('.jp-Notebook .jp-Cell .cm-content').first();
    await cell.click();
    await cell.pressSequentially('print(6 * 7, "from the kernel")');
    // A cell that is run before its kernel has come may be forgotten: run it until it answers.
    await expect(async () => {
      await cell.click();
      await page.keyboard.press('Control+Enter');
      await expect(page.locator('.jp-OutputArea-output').first()).toContainText('42 from the kernel', { timeout: 8_000 });
    }).toPass({ timeout: 80_000 });

    // A terminal, and a push that reaches the person's project with a token that nobody typed.
    await page.evaluate(async () => {
      const answer = await fetch('/api/terminals', { method: 'POST', headers: { 'X-XSRFToken': document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? '' } });
      const { name } = await answer.json();
      const socket = new WebSocket(`ws://${location.host}/terminals/websocket/${name}`);
      window.printed = '';
      socket.onmessage = (event) => { const [kind, text] = JSON.parse(event.data); if (kind === 'stdout') window.printed += text; };
      await new Promise((done) => (socket.onopen = done));
      window.ended = new Promise((done) => (socket.onclose = (event) => done(event.code)));
      const type = (line) => socket.send(JSON.stringify(['stdin', `${line}\r`]));
      type('cd /workspace/admin && echo "from the workspace" > note.txt && git add note.txt && git commit -qm "Note" && git push && echo pushed-$((40+2))');
    });
    await expect.poll(() => page.evaluate(() => window.printed), { timeout: 30_000 }).toContain('pushed-42');
    const answer = await page.request.get(`${server.api}/projects/dtaas%2Fadmin/repository/files/note.txt/raw?ref=main`, { headers: { 'PRIVATE-TOKEN': server.token('admin') } });
    expect(await answer.text()).toBe('from the workspace\n');

    // What it uses is shown; signing out in another tab closes what is open here.
    const other = await context.newPage();
    await other.goto(`${server.url}/i/local/workspace`);
    await ready(other);
    await expect(other.getByText('Memory')).toBeVisible({ timeout: 30_000 });
    await other.getByText('admin', { exact: true }).first().click();
    await other.getByRole('button', { name: 'Sign out' }).click();
    expect(await page.evaluate(() => Promise.race([window.ended, new Promise((done) => setTimeout(() => done('open'), 8_000))]))).toBe(4001);
    expect(await page.evaluate(() => fetch('/api/contents').then((answer) => answer.status))).toBe(401);
  } finally {
    await server.stop();
  }
});

test('a workspace that does not come, and one that ends', async ({ page }) => {
  const script = 'echo about to give up; exit 3';
  const config = (words) => `[workspaces]\ndomain = "localhost"\ndriver = "process"\n[workspaces.process]\nstart_seconds = 20\ncommand = ${JSON.stringify(words)}\n`;
  const server = await configured(config(['bash', '-c', script, '{socket}']));
  await signIn(page, server);
  await page.goto(`${server.url}/i/local/workspace`);
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByText('The workspace failed')).toBeVisible();
  await expect(page.getByText('it ended before it answered', { exact: false })).toBeVisible();
  await expect(page.locator('.printed pre')).toContainText('about to give up');
  await expect(page.getByRole('button', { name: 'Start again' })).toBeVisible();
  // Whoever comes to its host is told the same, and not left before a blank page.
  await page.goto(`${host(server)}/lab`);
  await expect(page.getByText('On the way to /lab')).toBeVisible();
  await server.stop();

  const python = "import socket,os,sys\ns=socket.socket(socket.AF_UNIX);s.bind(sys.argv[1]);s.listen()\nwhile True:\n c,_=s.accept();d=c.recv(9999)\n if b'/die' in d: os._exit(7)\n c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nConnection: close\\r\\n\\r\\nhello');c.close()";
  const mortal = await configured(config(['/usr/bin/python3', '-c', python, '{socket}']));
  await signIn(page, mortal);
  await running(page, mortal, '/x');
  await expect(page.locator('body')).toHaveText('hello');
  await page.goto(`${host(mortal)}/die`).catch(() => {});
  await page.goto(`${mortal.url}/i/local/workspace`);
  await expect(page.getByText('it ended by itself', { exact: false })).toBeVisible({ timeout: 15_000 });
  await mortal.stop();
});

// Two workspaces that do their worst.
async function hostile() {
  const seen = [];
  const upstream = createServer((request, answer) => {
    seen.push(`${request.headers.host} ${request.url}`);
    answer.setHeader('Access-Control-Allow-Origin', '*');
    answer.setHeader('Service-Worker-Allowed', '/');
    if (request.url === '/sw.js') answer.setHeader('Content-Type', 'text/javascript');
    else answer.setHeader('Content-Type', 'text/html');
    answer.setHeader('Set-Cookie', ['twinport=tossed; Path=/', 'theirs=1']);
    answer.end(request.url === '/sw.js' ? '' : `<!doctype html><title>w</title><p>${request.headers.cookie ?? 'no cookie'}</p>`);
  });
  await new Promise((done) => upstream.listen(0, '127.0.0.1', done));
  return { seen, port: upstream.address().port, stop: () => upstream.close() };
}

test('what a workspace cannot do', async ({ page, browser }) => {
  const evil = await hostile();
  const server = await configured(`[workspaces]\ndomain = "localhost"\ndriver = "static"\nstatic.admin = "http://127.0.0.1:${evil.port}/"\nstatic.eve = "http://127.0.0.1:${evil.port}/"\n`);
  const statuses = [];
  await signIn(page, server);
  await page.goto(`${server.url}/workspaces/enter/me`);
  await expect(page.locator('p')).toHaveText(/no cookie|theirs/);
  page.on('response', (response) => response.url().includes('/auth/forge/token') && statuses.push(response.status()));
  // The app's token: not readable, and not given (A1).
  const taken = (url, more = {}) => page.evaluate(([url, more]) => fetch(url, { credentials: 'include', ...more }).then((answer) => answer.text(), (error) => String(error.name)), [url, more]);
  expect(await taken(`${server.url}/auth/forge/token`, { method: 'POST', headers: { 'X-Twinport': '1' } })).toBe('TypeError');
  expect(await taken(`${server.url}/auth/forge/token`, { method: 'POST', mode: 'no-cors' })).toBe('');
  expect(statuses.every((status) => status >= 400)).toBe(true);
  expect(await taken('/auth/forge/token', { method: 'POST' })).not.toContain('access_token');
  // Another workspace (A2), by its name, by a header (A4), in a frame, and in a window.
  const other = host(server, 'eve');
  expect(await taken(`${other}/api/contents`)).toBe('TypeError');
  await taken('/x', { headers: { 'X-Forwarded-Host': 'eve.localhost' } });
  expect(evil.seen.filter((line) => line.startsWith('eve'))).toEqual([]);
  const framed = await page.evaluate(async (url) => {
    const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { src: url }));
    await new Promise((done) => (frame.onload = done));
    return frame.contentDocument === null;
  }, server.url);
  expect(framed).toBe(true);
  const through = await page.evaluate(async (url) => {
    const tab = window.open(url);
    const look = () => { try { return `read ${tab.document.title}`; } catch (error) { return error.name; } };
    const end = Date.now() + 10_000;
    while (look() !== 'SecurityError' && Date.now() < end) await new Promise((done) => setTimeout(done, 100));
    const seen = look();
    tab.close();
    return seen;
  }, other);
  expect(through).toBe('SecurityError');
  expect(evil.seen.filter((line) => line.startsWith('eve'))).toEqual([]);
  // Nobody else frames or asks this one, in the name of whoever is signed in.
  const context = page.context();
  const stranger = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(`<iframe src="${host(server)}/"></iframe>`));
  await new Promise((done) => stranger.listen(0, '127.0.0.1', done));
  const tab = await context.newPage();
  evil.seen.length = 0;
  await tab.goto(`http://127.0.0.1:${stranger.address().port}/`);
  await tab.evaluate((url) => fetch(`${url}/x`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'a=b' }).catch(() => {}), host(server));
  const opened = await tab.evaluate((url) => new Promise((done) => { const socket = new WebSocket(url.replace('http', 'ws')); socket.onopen = () => done('open'); socket.onerror = () => done('refused'); }), host(server));
  expect(opened).toBe('refused');
  expect(evil.seen).toEqual([]);
  stranger.close();
  // Its cookies stay its own, and the app's session is what it was (A7, A8).
  await page.goto(`${server.url}/i/local/library`);
  await expect(page.getByRole('link', { name: 'hello-world' })).toBeVisible();
  // Somebody else's browser is sent to sign in, whether the workspace is there or not.
  const fresh = await browser.newContext();
  for (const name of ['admin', 'nobody']) {
    const answer = await fresh.request.get(`${host(server, name).replace(`${name}.localhost`, '127.0.0.1')}/x`, { headers: { Host: new URL(host(server, name)).host, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }, maxRedirects: 0 });
    expect([answer.status(), answer.headers().location.replace(/&way=[0-9a-f]{32}$/, '')]).toEqual([303, `${server.url}/workspaces/enter/${name}?then=%2Fx`]);
  }
  await fresh.close();
  await server.stop();
  evil.stop();
});

test('a desktop in the browser', async ({ page }) => {
  const there = ['/usr/bin/Xtigervnc', '/usr/bin/websockify', '/usr/share/novnc/vnc.html'].every(existsSync);
  test.skip(!there, 'noVNC is not installed');
  const [vnc, web] = [await freePort(), await freePort()];
  const children = [
    spawn('Xtigervnc', [':77', '-rfbport', String(vnc), '-localhost', '-SecurityTypes', 'None', '-geometry', '800x600', '-depth', '24'], { stdio: 'ignore' }),
    spawn('websockify', ['--web', '/usr/share/novnc', `127.0.0.1:${web}`, `127.0.0.1:${vnc}`], { stdio: 'ignore' }),
  ];
  const server = await configured(`[workspaces]\ndomain = "localhost"\ndriver = "static"\nstatic.admin = "http://127.0.0.1:${web}/vnc.html"\n`);
  try {
    await expect.poll(() => fetch(`http://127.0.0.1:${web}/vnc.html`).then((answer) => answer.status, () => 0), { timeout: 20_000 }).toBe(200);
    await signIn(page, server);
    await page.goto(`${server.url}/workspaces/enter/me?then=${encodeURIComponent('/vnc.html?autoconnect=true&resize=off')}`);
    await expect(page.locator('canvas')).toBeVisible({ timeout: 20_000 });
    await expect.poll(() => page.evaluate(() => { const canvas = document.querySelector('canvas'); return [canvas.width, canvas.height].join('x'); }), { timeout: 20_000 }).toBe('800x600');
  } finally {
    await server.stop();
    for (const child of children) child.kill();
  }
});

test('a second port, where no wildcard name can be had', async ({ page }) => {
  const evil = await hostile();
  const second = await freePort();
  const server = await configured(`[workspaces]\nlisten = "127.0.0.1:${second}"\ndriver = "static"\nstatic.admin = "http://127.0.0.1:${evil.port}/"\n`);
  await signIn(page, server);
  await page.goto(`http://127.0.0.1:${second}/some/page`);
  await expect(page).toHaveURL(`http://127.0.0.1:${second}/some/page`);
  await expect(page.locator('p')).toHaveText(/no cookie|theirs=1$/);
  // The session's cookie reaches this port, and ends there: another port is another origin.
  const answer = await page.evaluate((url) => fetch(`${url}/auth/forge/token`, { method: 'POST', credentials: 'include', headers: { 'X-Twinport': '1' } }).then(() => 'read', () => 'refused'), server.url);
  expect(answer).toBe('refused');
  await page.reload();
  await expect(page.locator('p')).toHaveText(/^theirs=1(; theirs=1)?$/);
  await server.stop();
  evil.stop();
});
