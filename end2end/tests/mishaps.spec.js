// What goes wrong while a federated twin runs: an instance that hangs, a clock that jumps, a broker that goes away.
import { broker, hasBroker } from './broker.js';
import { federation, signInToWrite } from './federation.js';
import { accessible, expect, freePort, ready, signIn, start, test } from './server.js';

test.use({ harmless: /Failed to load resource|CORS|net::ERR/ });

const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${name}\\b`) }) });
const whole = (page) => page.locator('.page-head .status');

// The clock of the page, which can be put forward and back; timers go on as they did.
const skewed = () => {
  const Real = Date;
  window.skew = 0;
  window.Date = class extends Real {
    constructor(...parts) { super(...(parts.length ? parts : [Real.now() + window.skew])); }
    static now() { return Real.now() + window.skew; }
  };
};

test('an instance that hangs stops nobody else, and a clock that jumps starts nobody twice', async ({ page }) => {
  test.setTimeout(240_000);
  const fed = await federation();
  try {
    const manifest = 'version: 1\nkind: fleet\nrollout: {at_once: 3}\nmembers:\n  pump: {twin: pump, project: dtaas/admin, ready: ended, copies: 9, instance: [aarhus, polimi, gent], variables: {PUMP: "{n}"}}\n';
    await fed.aarhus.post('/projects/dtaas%2Fadmin/repository/commits', { branch: 'main', commit_message: 'A fleet', actions: [{ action: 'update', file_path: 'digital_twins/pump-fleet/federation.yml', content: manifest }] });
    await page.addInitScript(skewed);
    for (const id of ['aarhus', 'polimi', 'gent']) await signInToWrite(page, fed, id);
    await page.goto(`${fed.url}/i/aarhus/federated/private/pump-fleet`);
    await expect(page.getByText('Starting it starts 9 runs on 3 instances')).toBeVisible({ timeout: 20_000 });
    await ready(page);
    fed.polimi.front.mode = 'hang';
    await page.getByRole('button', { name: 'Start all' }).click();
    const at = (name) => page.getByRole('row').filter({ hasText: name });
    await expect(at('Aarhus').first()).toContainText(/Starting|Running|Done/, { timeout: 30_000 });
    // An hour forward, and two back, in the middle of it all.
    await page.evaluate(() => { window.skew = 3_600_000; });
    await expect(at('Aarhus').filter({ hasText: 'Done' })).toHaveCount(3, { timeout: 60_000 });
    await page.evaluate(() => { window.skew = -3_600_000; });
    await expect(at('Gent').filter({ hasText: 'Done' })).toHaveCount(3, { timeout: 60_000 });
    await expect(at('Polimi').filter({ hasText: 'Away' }).first()).toBeVisible({ timeout: 60_000 });
    await expect(at('Polimi').filter({ hasText: 'Away' }).first()).toContainText('Polimi');
    await accessible(page);
    fed.polimi.front.mode = 'pass';
    await expect(at('Polimi').filter({ hasText: 'Done' })).toHaveCount(3, { timeout: 120_000 });
    await expect(whole(page)).toHaveText('Done', { timeout: 30_000 });
    // Each once, wherever the clock was.
    for (const id of ['aarhus', 'polimi', 'gent']) {
      const started = await (await fetch(`${fed[id].server.api}/projects/dtaas%2Fadmin/pipelines?source=api&per_page=100`, { headers: { 'PRIVATE-TOKEN': fed[id].server.token('admin') } })).json();
      expect([id, started.length]).toEqual([id, 3]);
    }
  } finally {
    await fed.stop();
  }
});

test('a broker that goes away in the middle: every twin says so, and another try is seen without a reload', async ({ page }) => {
  test.skip(!hasBroker(), 'mosquitto is not installed');
  test.setTimeout(240_000);
  let bus = await broker();
  const server = await start(`[runner]\nnetwork = true\n[[service]]\nid = "broker"\ninstance = "local"\nkind = "mqtt"\nurl = "mqtt://127.0.0.1:${bus.port}"\ntopics = ["line/#"]\n`, await freePort());
  try {
    for (const [key, value] of [['BROKER_PORT', String(bus.port)], ['PACE', '0.2']]) {
      await fetch(`${server.api}/projects/dtaas%2Fadmin/variables`, { method: 'POST', headers: { 'PRIVATE-TOKEN': server.token('admin'), 'content-type': 'application/json' }, body: JSON.stringify({ key, value }) });
    }
    await signIn(page, server);
    await page.goto(`${server.url}/i/local/federated/private/tank-line`);
    await page.getByRole('button', { name: 'Start all' }).click();
    await expect(row(page, 'line')).toContainText('Ready', { timeout: 90_000 });
    const length = () => page.evaluate(() => document.querySelector('[data-panel]')?.panel?.series[0].length ?? 0);
    await expect.poll(length, { timeout: 30_000 }).toBeGreaterThan(2);
    const { port } = bus;
    await bus.stop();
    await expect(page.getByText(/tank 1 is not followed just now: /).first()).toBeVisible({ timeout: 30_000 });
    for (const name of ['tank-1', 'tank-2', 'line']) await expect(row(page, name)).toContainText('Failed', { timeout: 60_000 });
    await expect(whole(page)).toHaveText('Failed', { timeout: 30_000 });
    const before = await length();
    await accessible(page);
    bus = await broker({ port });
    for (const name of ['tank-1', 'tank-2', 'line']) await page.getByRole('button', { name: `Try ${name} again` }).click();
    await expect(row(page, 'line')).toContainText('attempt 2', { timeout: 60_000 });
    await expect.poll(length, { timeout: 60_000 }).toBeGreaterThan(before);
    await expect(page.getByText(/is not followed just now/)).toHaveCount(0);
    await expect(whole(page)).toHaveText('Done', { timeout: 120_000 });
    // The table that the second try left is read, too.
    await expect.poll(() => page.evaluate(() => [...document.querySelectorAll('[data-panel]')].at(-1).panel.series[0].length), { timeout: 30_000 }).toBe(120);
  } finally {
    await server.stop();
    await bus.stop();
  }
});
