// Federated twins: a fleet on one instance, and the paper's Figure 4 over two portals, three instances and a
// real broker.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { broker, hasBroker } from './broker.js';
import { meddle } from './meddler.js';
import { accessible, expect, freePort, ready, signIn, start, test } from './server.js';

test.use({ harmless: /Failed to load resource|CORS|net::ERR/ });

const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${name}\\b`) }) });
const whole = (page) => page.locator('.page-head .status');

async function pipelines(server, project = 'dtaas%2Fadmin') {
  const found = [];
  for (let page = 1; ; page++) {
    const answer = await fetch(`${server.api}/projects/${project}/pipelines?per_page=100&source=api&page=${page}`, { headers: { 'PRIVATE-TOKEN': server.token('admin') } });
    const list = await answer.json();
    found.push(...list);
    if (list.length < 100) return found;
  }
}

const CHANGES = (edit) => ({ branch: 'main', commit_message: 'Put twins together', actions: edit });

async function files(server, project, path) {
  const headers = { 'PRIVATE-TOKEN': server.token('admin') };
  const base = `${server.api}/projects/${encodeURIComponent(project)}/repository`;
  const tree = await (await fetch(`${base}/tree?path=${path}&recursive=true&per_page=100`, { headers })).json();
  return Promise.all(tree.filter(({ type }) => type === 'blob').map(async ({ path, mode }) => {
    const content = await (await fetch(`${base}/files/${encodeURIComponent(path)}/raw?ref=main`, { headers })).text();
    return { action: 'create', file_path: path, content, execute_filemode: mode === '100755' };
  }));
}

async function post(server, path, body, method = 'POST') {
  const answer = await fetch(server.api + path, { method, headers: { 'PRIVATE-TOKEN': server.token('admin'), 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

test('a fleet of pumps: the first two before the others, over a reload, each started once', async ({ page, server }) => {
  test.setTimeout(240_000);
  // The one of the starter library, smaller.
  const manifest = await (await fetch(`${server.api}/projects/dtaas%2Fadmin/repository/files/digital_twins%2Fpump-fleet%2Ffederation.yml/raw?ref=main`, { headers: { 'PRIVATE-TOKEN': server.token('admin') } })).text();
  await post(server, '/projects/dtaas%2Fadmin/repository/commits', CHANGES([{ action: 'update', file_path: 'digital_twins/pump-fleet/federation.yml', content: manifest.replace('copies: 50', 'copies: 20') }]));
  await signIn(page, server);
  await page.goto(`${server.url}/i/local/twins/private/pump-fleet`);
  await page.getByRole('link', { name: 'Federation', exact: true }).click();
  await expect(page.getByText('Starting it starts 20 runs on 1 instance, at most 4 at once on each, the first 2 before the others. After 3 failures it pauses.')).toBeVisible();
  await ready(page);
  await accessible(page);
  // Other tests have run twins on this server, too.
  const before = (await pipelines(server)).length;
  await page.getByRole('button', { name: 'Start all' }).click();
  await expect(whole(page)).toHaveText('Starting');
  await expect(row(page, 'pump-01').getByRole('link', { name: /^Run \d+/ })).toBeVisible({ timeout: 30_000 });
  expect((await pipelines(server)).length - before).toBeLessThanOrEqual(2);
  await expect(row(page, 'pump-20')).toContainText('The first 2 go ahead');
  await expect(row(page, 'pump-05').getByRole('link', { name: /^Run \d+/ })).toBeVisible({ timeout: 60_000 });
  // Away in the middle, and back: this tab goes on with what it led.
  await page.reload();
  await expect(whole(page)).toHaveText('Starting');
  await expect(page.getByText('You are watching this run.')).toBeHidden();
  await page.getByLabel('Filter members').fill('pump-2');
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByLabel('Filter members').fill('');
  await expect(whole(page)).toHaveText('Done', { timeout: 160_000 });
  expect((await pipelines(server)).length - before).toBe(20);
  await accessible(page);
  await page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: 'Federation' }).click();
  // What it came to was written before this page left; it may be on its way.
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('row').filter({ hasText: 'Done' })).toContainText('20', { timeout: 5_000 });
  }).toPass({ timeout: 30_000 });
});

// A federated twin called `name` in the person's own project.
async function federate(server, name, lines) {
  await post(server, '/projects/dtaas%2Fadmin/repository/commits', CHANGES([{ action: 'create', file_path: `digital_twins/${name}/federation.yml`, content: lines.join('\n') + '\n' }]));
}

test('what runs for ever is stopped in reverse, by its own terminate phase; another page takes over', async ({ page, server, context }) => {
  test.setTimeout(180_000);
  await federate(server, 'workshop', ['version: 1', 'kind: composite', 'members:', '  heater: {twin: heater-watch, ready: {heartbeat: W/K, seconds: 30}}', '  hello: {twin: hello-world, after: heater, ready: ended}', '  ghost: {twin: nobody-made-this}']);
  await signIn(page, server);
  await page.goto(`${server.url}/i/local/federated/private/workshop`);
  await expect(row(page, 'ghost')).toContainText('There is no twin nobody-made-this in dtaas/admin');
  await ready(page);
  await page.getByRole('button', { name: 'Start all' }).click();
  await expect(row(page, 'heater')).toContainText('Ready', { timeout: 60_000 });
  await expect(row(page, 'hello')).toContainText('Done', { timeout: 60_000 });
  await expect(whole(page)).toHaveText('Degraded');
  // Somebody else's page watches, until it is told to lead; the first one then watches.
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByText('You are watching this run.')).toBeVisible();
  await ready(other);
  await other.getByRole('button', { name: 'Lead it from here' }).click();
  await expect(other.getByRole('button', { name: 'Stop all' })).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('You are watching this run.')).toBeVisible({ timeout: 30_000 });
  await other.getByRole('button', { name: 'Stop all' }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Stop all' }).click();
  await expect(whole(other)).toHaveText('Stopped', { timeout: 60_000 });
  const environments = await (await fetch(`${server.api}/projects/dtaas%2Fadmin/environments`, { headers: { 'PRIVATE-TOKEN': server.token('admin') } })).json();
  expect(environments.map(({ name, state }) => [name, state])).toContainEqual(['twins/heater-watch', 'stopped']);
  await expect(whole(page)).toHaveText('Stopped', { timeout: 30_000 });
  await other.close();
});

test('manifests that cannot be right say so, and a run is led without a browser', async ({ page, server }) => {
  test.setTimeout(120_000);
  await federate(server, 'ring', ['version: 1', 'kind: composite', 'members:', '  a: {twin: pump, after: b}', '  b: {twin: pump, after: a}']);
  await federate(server, 'newer', ['version: 9', 'kind: composite']);
  await federate(server, 'small', ['version: 1', 'kind: fleet', 'members:', '  pump: {twin: pump, ready: ended, sweep: {PUMP: [1, 2, 30], STRICT: ["yes"]}, on_failure: continue}', '  last: {twin: pump, after: pump}']);
  await signIn(page, server);
  await page.goto(`${server.url}/i/local/federated/private/ring`);
  await expect(page.getByText('These members wait for each other: a → b → a.')).toBeVisible();
  await page.goto(`${server.url}/i/local/federated/private/newer`);
  await expect(page.getByText('This federation has version 9, and this Twinport knows 1: update it.')).toBeVisible();
  await accessible(page);
  await page.goto(`${server.url}/i/local/federated/private/none-at-all`);
  await expect(page.getByText(/Could not read digital_twins\/none-at-all\/federation.yml/)).toBeVisible();
  // Pumps 1 and 2 are worn out, and the last one goes on without them.
  const file = `${server.data}/lead.toml`;
  writeFileSync(file, `[server]\npublic_url = "${server.url}"\n`);
  const led = await new Promise((done) => {
    const child = spawn(server.binary, ['federation', 'run', 'small', '--instance', 'local', '--project', 'dtaas/admin', '--config', file], { env: { ...process.env, TWINPORT_TOKEN_FORGE: server.token('admin') } });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
    child.on('exit', (code) => done({ code, text }));
  });
  expect(led.text).toContain('pump-1-yes: Failed');
  expect(led.text).toContain('pump-30-yes: Done');
  expect(led.text).toContain('last: Done');
  expect(led).toMatchObject({ code: 1 });
  expect(led.text).toContain('the federated run ended as failed');
  await page.goto(`${server.url}/i/local/federated/private/small`);
  await page.getByRole('row').filter({ hasText: 'Failed' }).getByRole('link').click();
  await expect(row(page, 'pump-1-yes')).toContainText('One of its jobs failed');
  await expect(row(page, 'last')).toContainText('Done');
});

test('a dashboard over a run: numbers out of its log, an alarm, and a mistake that stays in its panel', async ({ page, server }) => {
  const board = {
    version: 1, title: 'Hello', panels: [
      { kind: 'time series', title: 'Steps', series: [{ name: 'step', log: 'execute', match: 'step ([0-9]+) of' }], alarms: [{ above: 4, text: 'it is nearly there' }] },
      { kind: 'gauge', title: 'How far', min: 0, max: 5, series: [{ name: 'step', log: 'execute', match: 'step ([0-9]+) of' }] },
      { kind: 'text', title: 'Words', markdown: 'Some *words*.' },
      { kind: 'dial' },
    ],
  };
  await post(server, '/projects/dtaas%2Fadmin/repository/commits', CHANGES([{ action: 'create', file_path: 'digital_twins/hello-world/dashboard.json', content: JSON.stringify(board) }]));
  await signIn(page, server);
  await page.getByRole('link', { name: 'hello-world' }).first().click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('tab', { name: 'Dashboard' }).click();
  await expect(page.getByText('Panel 4 cannot be shown.')).toBeVisible();
  await expect(page.getByText('Some words.')).toBeVisible();
  await expect(page.getByText('step is 5: it is nearly there')).toBeVisible({ timeout: 40_000 });
  await expect(page.getByRole('img', { name: 'step: 5, on a scale from 0 to 5' })).toBeVisible();
  await expect.poll(() => page.evaluate(() => Array.from(document.querySelector('[data-panel]').panel.series[0].y.subarray(0, 5)))).toEqual([1, 2, 3, 4, 5]);
  await accessible(page);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as a table' }).click();
  expect(await readFile(await (await saved).path(), 'utf8')).toBe('find,step\n1,1\n2,2\n3,3\n4,4\n5,5\n');
  // Others start this twin, too, and its checks would stop them.
  await post(server, '/projects/dtaas%2Fadmin/repository/commits', CHANGES([{ action: 'delete', file_path: 'digital_twins/hello-world/dashboard.json' }]));
});

// What the line does, computed here: both tanks under the controller of the starter library.
function trajectory(steps) {
  let [one, two, outflow, sum] = [1, 1, 0.5, 0];
  const rows = [];
  for (let k = 0; k < steps; k++) {
    const error = 0.6 - two;
    sum += error * 0.5;
    const inflow = Math.min(Math.max(0.8 * error + 0.15 * sum + 0.38, 0), 1);
    const [out1, out2] = [0.5 * Math.sqrt(one), 0.5 * Math.sqrt(two)];
    one = Math.max(one + 0.5 * (inflow - out1), 0);
    two = Math.max(two + 0.5 * (outflow - out2), 0);
    outflow = out1;
    rows.push([one, two]);
  }
  return rows;
}

test('Figure 4: two portals, two instances on one backend and a third on another, one broker', async ({ page, browser }) => {
  test.skip(!hasBroker(), 'mosquitto is not installed');
  test.setTimeout(300_000);
  const stops = [];
  try {
    const bus = await broker({ name: 'twins', password: 'a-long-secret' });
    stops.push(() => bus.stop());
    // Two backends, each at an address of its own: cookies know no ports.
    const backends = {};
    for (const [place, id] of ['north', 'south'].entries()) {
      const front = await meddle(`127.0.0.${7 + place}`);
      front.target = await freePort();
      const server = await start(`[server]\npublic_url = "${front.url}"\n[runner]\nnetwork = true\n`, front.target);
      backends[id] = { front, server };
      stops.push(async () => { await front.close(); await server.stop(); });
    }
    const { north, south } = backends;
    // The second instance of the northern backend: a group of its own, with the tank among its common assets.
    const group = await post(north.server, '/groups', { name: 'Second', path: 'second' });
    await post(north.server, '/projects', { name: 'common', path: 'common', namespace_id: group.id, initialize_with_readme: true });
    const parts = [...(await files(north.server, 'dtaas/admin', 'digital_twins/tank')), ...(await files(north.server, 'dtaas/admin', 'functions/mqtt-link'))];
    const trigger = 'stages: [triggers]\ntrigger_tank:\n  stage: triggers\n  trigger: {include: digital_twins/tank/.gitlab-ci.yml, forward: {pipeline_variables: true}}\n  rules: [{if: \'$DTName == "tank"\'}]\n';
    await post(north.server, '/projects/second%2Fcommon/repository/commits', CHANGES([...parts, { action: 'create', file_path: '.gitlab-ci.yml', content: trigger }]));
    // DT3 is managed by the first instance; its tanks are on the second and on the third.
    const manifest = [
      'version: 1', 'kind: hierarchical', 'title: The line over three instances', 'services: [broker]', 'members:',
      '  tank-1: {instance: second, twin: tank, ready: {log: waiting for inflow}}',
      '  tank-2: {instance: third, project: dtaas/admin, twin: tank, ready: {log: waiting for inflow}}',
      '  line: {twin: line-controller, after: [tank-1, tank-2], ready: {log: holding}}',
      'links:', '  - {service: broker, via: line/state, from: line, data: levels in m}', '',
    ].join('\n');
    await post(north.server, '/projects/dtaas%2Fadmin/repository/commits', CHANGES([{ action: 'update', file_path: 'digital_twins/tank-line/federation.yml', content: manifest }]));
    for (const [server, project] of [[north.server, 'dtaas/admin'], [north.server, 'second/common'], [south.server, 'dtaas/admin']]) {
      for (const [key, value] of Object.entries({ BROKER_HOST: '127.0.0.1', BROKER_PORT: String(bus.port), BROKER_USER: 'twins', BROKER_PASSWORD: 'a-long-secret' })) {
        if (project !== 'dtaas/admin' || server !== north.server) await post(server, `/projects/${encodeURIComponent(project)}/variables`, { key, value, masked: key.endsWith('PASSWORD') });
      }
    }
    const secret = `${north.server.data}/broker-secret`;
    writeFileSync(secret, 'a-long-secret\n');
    const portal = async (name) => {
      const port = await freePort();
      // Each portal at an address of its own, too.
      const address = `127.0.0.${name === 'one' ? 9 : 10}`;
      const url = `http://${address}:${port}`;
      let config = `[server]\nlisten = "${address}:${port}"\npublic_url = "${url}"\n`;
      for (const [id, { front, server }] of Object.entries(backends)) {
        const application = await post(server, '/applications', { name, redirect_uri: `${url}/auth/${id}/callback`, scopes: 'read_api api', confidential: false });
        config += `[[gitlab]]\nid = "${id}"\nurl = "${front.url}/forge"\nclient_id = "${application.application_id}"\nread_first = false\n`;
      }
      const instance = (id, gitlab, group) => `[[instance]]\nid = "${id}"\nname = "The ${id}"\ngitlab = "${gitlab}"\ngroup = "${group}"\n`;
      config += instance('first', 'north', 'dtaas') + instance('second', 'north', 'second') + instance('third', 'south', 'dtaas');
      config += `[[service]]\nid = "broker"\ninstance = "first"\nkind = "mqtt"\nurl = "mqtt://127.0.0.1:${bus.port}"\nusername = "twins"\npassword_file = "${secret}"\ntopics = ["line/#"]\nhand = true\n`;
      const started = await start(config, port, address);
      stops.push(() => started.stop());
      return { ...started, url };
    };
    const [one, two] = [await portal('one'), await portal('two')];
    const signInAt = async (page, portal, id) => {
      const { front, server } = backends[id];
      await page.goto(server.newLink('admin').replace(/^http:\/\/[^/]+/, front.url));
      await page.goto(`${portal.url}/auth/${id}?then=${encodeURIComponent('/')}`);
      const allow = page.getByRole('button', { name: /Allow|Authorize/ });
      if (await allow.isVisible()) await allow.click();
      await page.waitForURL((url) => url.origin === portal.url);
    };
    for (const id of ['north', 'south']) await signInAt(page, one, id);

    // The broker is seen in its own protocol, and handed to the twins of the controller's project.
    await page.goto(`${one.url}/i/first/services`);
    await expect(page.locator('.service .status')).toHaveText('Up', { timeout: 20_000 });
    await page.getByRole('button', { name: 'Hand MQTT to dtaas/admin' }).click();
    await expect(page.getByText(/now have BROKER_HOST, BROKER_PORT, BROKER_USER, BROKER_PASSWORD/)).toBeVisible({ timeout: 20_000 });
    await accessible(page);

    await page.goto(`${one.url}/i/first/federated/private/tank-line`);
    await expect(page.getByText('Starting it starts 3 runs on 3 instances')).toBeVisible();
    await expect(page.getByRole('img', { name: /3 members and the 1 topics/ })).toBeVisible();
    await ready(page);
    await page.getByRole('button', { name: 'Start all' }).click();
    await expect(row(page, 'line')).toContainText('It waits for tank-1, tank-2.');
    await expect(row(page, 'line')).toContainText('Ready', { timeout: 90_000 });
    for (const tank of ['tank-1', 'tank-2']) await expect(row(page, tank)).toContainText(/Ready|Done/);

    // Whoever looks from the other portal sees the same run, and does not lead it.
    const context = await browser.newContext();
    const other = await context.newPage();
    for (const id of ['north', 'south']) await signInAt(other, two, id);
    await other.goto(two.url + new URL(page.url()).pathname);
    await expect(other.getByText('You are watching this run.')).toBeVisible();
    await expect(row(other, 'line')).toContainText(/Ready|Done/, { timeout: 30_000 });
    await context.close();

    await expect(whole(page)).toHaveText('Done', { timeout: 120_000 });
    await accessible(page);
    // What was plotted, live and from the table, is what the equations say.
    const drawn = (title, series) => page.evaluate(([title, series]) => {
      const panel = [...document.querySelectorAll('section.panel')].find((one) => one.querySelector('h3').textContent === title).querySelector('[data-panel]').panel;
      const { y, length } = panel.series[series];
      return Array.from(y.subarray(0, length));
    }, [title, series]);
    const expected = trajectory(120);
    const close = (found, place) => Math.max(...found.map((value, k) => Math.abs(value - expected[k][place])));
    await expect.poll(async () => (await drawn('Levels, from the table that the controller left', 0)).length, { timeout: 30_000 }).toBe(120);
    for (const place of [0, 1]) expect(close(await drawn('Levels, from the table that the controller left', place), place)).toBeLessThan(1e-9);
    const live = await drawn('Levels, as they happen', 1);
    expect(live.length).toBeGreaterThan(20);
    for (const value of live) expect(Math.min(...expected.map(([, level]) => Math.abs(level - value)))).toBeLessThan(1e-9);
    // Each was started once, and the password is in no log.
    for (const [server, project, count] of [[north.server, 'dtaas%2Fadmin', 1], [north.server, 'second%2Fcommon', 1], [south.server, 'dtaas%2Fadmin', 1]]) expect((await pipelines(server, project)).length).toBe(count);
    expect(await page.content()).not.toContain('a-long-secret');
  } finally {
    for (const stop of stops.reverse()) await stop().catch(() => {});
  }
});
