// A server in a folder of its own, and what tests do with it again and again.
import { test as base, expect } from '@playwright/test';
import AxeBuilder from '@axe-core/playwright';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const binary = process.env.TWINPORT ?? join(import.meta.dirname, '../../target/release/twinport');

export async function freePort() {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

// A server of its own; `config` is the text of its twinport.toml. One without a forge prints no link.
export async function start(config, port, host = '127.0.0.1') {
  const data = mkdtempSync(join(tmpdir(), 'twinport-'));
  const address = `${host}:${port ?? (await freePort())}`;
  const place = ['--data', data];
  if (config) {
    const file = join(data, 'twinport.toml');
    writeFileSync(file, config);
    place.push('--config', file);
  }
  const child = spawn(binary, ['serve', ...place, '--listen', address], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stderr.on('data', (text) => (output += text));
  const forge = !config?.includes('[[gitlab]]');
  const link = await new Promise((done, fail) => {
    child.stdout.on('data', (text) => {
      output += text;
      const found = output.match(forge ? /Sign in: (\S+)/ : /ready at (\S+)/);
      if (found) done(found[1]);
    });
    child.on('exit', () => fail(new Error(`the server ended: ${output}`)));
  });
  const run = (...words) => execFileSync(binary, [...words, ...place], { encoding: 'utf8' }).trim();
  return {
    output: () => output,
    pid: child.pid, binary,
    url: `http://${address}`, api: `http://${address}/forge/api/v4`, link, run, data,
    token: (name) => run('token', 'create', name, '--scope', 'api'),
    newLink: (name) => run('user', 'link', name),
    async stop() {
      child.removeAllListeners('exit');
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export const test = base.extend({
  server: [
    async ({}, use) => {
      const server = await start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  // A page whose console must stay free of errors and of violations of the security policy.
  harmless: [/Failed to load resource/, { option: true }],
  page: async ({ page, harmless }, use, info) => {
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !harmless.test(message.text())) errors.push(message.text());
    });
    await use(page);
    // What was on the page says more than the line that waited for it.
    if (info.status !== info.expectedStatus) {
      const seen = await page.locator('body').innerText({ timeout: 2_000 }).catch((error) => String(error));
      console.log(`${info.title}: at ${page.url()} there was\n${seen.slice(0, 3_000)}\n${errors.join('\n')}`);
    }
    expect(errors).toEqual([]);
  },
});

export { expect };

export async function signIn(page, server, name = 'admin') {
  await page.goto(server.newLink(name));
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible();
  await ready(page);
}

export async function ready(page) {
  await page.locator('html[data-ready]').waitFor();
}

export async function accessible(page) {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map((v) => `${scheme} ${v.id}: ${v.nodes.map((node) => node.target.join(' ')).join(', ')}`);
    expect(found, page.url()).toEqual([]);
  }
}
