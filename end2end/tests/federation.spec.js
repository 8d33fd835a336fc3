// Several backends in one portal: sign in to some, look at the public part of another, and go on
// when one hangs, refuses, or has ended the sign-in.
import { federation, signInAt, signInToWrite } from './federation.js';
import { roundtrip } from './roundtrip.js';
import { accessible, expect, ready, test as base } from './server.js';

const test = base.extend({
  fed: [
    async ({}, use) => {
      const fed = await federation();
      await use(fed);
      await fed.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  // Backends that do not answer are what this is about; the browser says so.
  harmless: [/Failed to load resource|blocked by CORS policy/, { option: true }],
  // Every test begins with backends that are well.
  well: [
    async ({ fed }, use) => {
      for (const id of ['aarhus', 'polimi', 'gent']) Object.assign(fed[id].front, { mode: 'pass', delay: 0, lives: 0, seen: [] });
      await use();
    },
    { auto: true },
  ],
});

const chip = (page, name) => page.getByRole('list', { name: 'Instances asked' }).getByRole('listitem').filter({ hasText: name });

test('two signed in, one seen as a guest, all in one list', async ({ page, fed }) => {
  await page.goto(`${fed.url}/i/aarhus/library`);
  await expect(page.getByRole('heading', { name: 'Sign in to Aarhus DTaaS' })).toBeVisible();
  await signInAt(page, fed, 'aarhus', '/i/aarhus/library/models');
  await expect(page).toHaveURL(`${fed.url}/i/aarhus/library/models`);
  await expect(page.getByRole('link', { name: 'aarhus-only' })).toBeVisible();
  await signInAt(page, fed, 'polimi', '/all/library');
  await ready(page);
  await expect(page.getByText('All 3 instances answered.')).toBeVisible();
  for (const id of ['aarhus', 'polimi', 'gent']) await expect(page.getByRole('link', { name: `${id}-only` })).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'gent-only' })).toContainText('Gent Twins');
  await expect(page.getByText('Only at gent')).toBeVisible();
  await accessible(page);
  await page.getByRole('link', { name: 'gent-only' }).click();
  await expect(page.getByText('The zirconium constant of gent.')).toBeVisible();
  await expect(page).toHaveURL(`${fed.url}/i/gent/library/models/common/gent-only`);
  // A set of two, by its address; unknown ones are named.
  await page.goto(`${fed.url}/i/aarhus+polimi/library`);
  await expect(page.getByText('All 2 instances answered.')).toBeVisible();
  await page.goto(`${fed.url}/i/aarhus+nowhere/library`);
  await expect(page.getByText('No instance called “nowhere” is configured here.')).toBeVisible();
});

test('names with slips, and text in files of every instance', async ({ page, fed }) => {
  await signInAt(page, fed, 'aarhus');
  await signInAt(page, fed, 'polimi', '/all/library');
  await ready(page);
  await page.getByLabel('Search names and files').fill('pendlum');
  await expect(page.getByRole('link', { name: 'pendulum', exact: true }).first()).toBeVisible();
  await page.getByLabel('Search names and files').fill('zirconium');
  const files = page.locator('.in-files');
  // At Gent nobody is signed in: there what guests may read is searched.
  for (const id of ['aarhus', 'polimi', 'gent']) await expect(files.getByText(`The zirconium constant of ${id}.`)).toBeVisible();
  await expect(files.getByText('Guests search in READMEs and descriptions.', { exact: false })).toHaveCount(1);
  await expect(page).toHaveURL(/q=zirconium/);
  await accessible(page);
  await page.reload();
  await expect(page.getByLabel('Search names and files')).toHaveValue('zirconium');
  await files.getByRole('link', { name: 'models/polimi-only/README.md' }).click();
  await expect(page).toHaveURL(/\/i\/polimi\/library\/models\/common\/polimi-only/);
});

test('one hangs: the others are there, it is named, and a retry brings it', async ({ page, fed }) => {
  await signInAt(page, fed, 'aarhus');
  await signInAt(page, fed, 'polimi', '/help');
  fed.polimi.front.mode = 'hang';
  await page.goto(`${fed.url}/all/library`);
  await expect(page.getByRole('link', { name: 'aarhus-only' })).toBeVisible();
  await expect(chip(page, 'Polimi')).toContainText('slow to answer');
  await expect(chip(page, 'Polimi')).toContainText('no answer', { timeout: 6_000 });
  await expect(page.getByText('2 of 3 instances answered.')).toBeVisible();
  await accessible(page);
  fed.polimi.front.mode = 'pass';
  const top = await page.getByRole('link', { name: 'aarhus-only' }).boundingBox();
  await chip(page, 'Polimi').getByRole('button', { name: /Retry/ }).click();
  await expect(page.getByRole('link', { name: 'polimi-only' })).toBeVisible();
  expect((await page.getByRole('link', { name: 'aarhus-only' }).boundingBox()).y).toBe(top.y);
  // What was known stays, with its age, when the next answer does not come.
  fed.polimi.front.mode = '500';
  await page.getByRole('link', { name: 'Runs' }).click();
  await page.getByRole('link', { name: 'Library' }).click();
  await expect(chip(page, 'Polimi')).toContainText('as of');
  await expect(page.getByRole('link', { name: 'polimi-only' })).toBeVisible();
});

test('an answer that is no GitLab is named in a sentence', async ({ page, fed }) => {
  await signInAt(page, fed, 'aarhus', '/help');
  fed.aarhus.front.mode = 'html';
  await page.goto(`${fed.url}/i/aarhus/library`);
  await expect(page.getByText('the answer of Aarhus DTaaS could not be read')).toBeVisible();
  fed.aarhus.front.mode = '429';
  await page.goto(`${fed.url}/i/gent+aarhus/library`);
  await expect(page.getByRole('link', { name: 'gent-only' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Aarhus DTaaS (asks for fewer requests)' })).toBeVisible();
});

test('a grant that died is asked for there and nowhere else, and one comes back', async ({ page, fed }) => {
  await signInAt(page, fed, 'aarhus');
  await signInAt(page, fed, 'polimi', '/help');
  fed.polimi.front.mode = '401';
  await page.goto(`${fed.url}/i/aarhus+polimi/library/models?q=only`);
  await expect(page.getByRole('link', { name: 'aarhus-only' })).toBeVisible();
  await expect(chip(page, 'Polimi')).toContainText('signed out');
  fed.polimi.front.mode = 'pass';
  await chip(page, 'Polimi').getByRole('link', { name: /Sign in/ }).click();
  await page.waitForURL(`${fed.url}/i/aarhus+polimi/library/models**`);
  await expect(page.getByRole('link', { name: 'polimi-only' })).toBeVisible();
});

test('the first run asks for the right to start it, and goes on by itself', async ({ page, context, fed }) => {
  await signInAt(page, fed, 'aarhus', '/i/aarhus/twins/private/hello-world');
  await ready(page);
  const tokens = [];
  page.on('response', async (answer) => answer.url().endsWith('/auth/aarhus/token') && tokens.push((await answer.json().catch(() => ({}))).scope));
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Allow changes on Aarhus DTaaS?' });
  await expect(dialog).toBeVisible();
  await accessible(page);
  const [tab] = await Promise.all([context.waitForEvent('page'), dialog.getByRole('link', { name: 'Allow' }).click()]);
  await tab.waitForLoadState().catch(() => {});
  const allow = tab.getByRole('button', { name: /Allow|Authorize/ });
  if (!tab.isClosed() && (await allow.isVisible().catch(() => false))) await allow.click().catch(() => {});
  await expect(page.getByRole('heading', { name: /^Run \d+/ })).toBeVisible({ timeout: 15_000 });
  expect(tokens).toContain('api');
});

test('signing out in one tab is heard in the other', async ({ page, context, fed }) => {
  await signInAt(page, fed, 'aarhus', '/i/aarhus/library');
  await ready(page);
  const other = await context.newPage();
  await other.goto(`${fed.url}/i/aarhus/library`);
  await ready(other);
  const revoked = () => fed.aarhus.front.seen.filter((request) => request.path === '/forge/oauth/revoke').length;
  await other.locator('.account summary').click();
  await other.getByRole('button', { name: /Sign out/ }).first().click();
  await expect(page.getByText('You are no longer signed in to Aarhus DTaaS.')).toBeVisible({ timeout: 2_000 });
  await expect.poll(revoked).toBeGreaterThanOrEqual(2);
});

test('a backend that browsers cannot ask is reached through the server', async ({ page, fed }) => {
  await signInAt(page, fed, 'polimi', '/help');
  fed.polimi.front.mode = 'mute';
  await page.goto(`${fed.url}/i/polimi/library`);
  await expect(page.getByRole('link', { name: 'polimi-only' })).toBeVisible();
  const direct = fed.polimi.front.seen.filter((request) => request.method !== 'OPTIONS' && request.path.startsWith('/forge/api/'));
  expect(direct.length).toBeGreaterThan(0);
  await page.getByRole('link', { name: 'polimi-only' }).click();
  await expect(page.getByText('The zirconium constant of polimi.')).toBeVisible();
});

test('tokens go to their own backend and nowhere else, and stay out of sight', async ({ page, fed }) => {
  const requests = [];
  page.on('request', (request) => requests.push(request));
  await signInAt(page, fed, 'aarhus');
  const access = {};
  await signInAt(page, fed, 'polimi', '/help');
  page.on('response', async (answer) => {
    if (!/\/auth\/\w+\/token$/.test(answer.url())) return;
    const body = await answer.json();
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_at', 'expires_in', 'scope', 'username']);
    access[answer.url().match(/auth\/(\w+)\/token/)[1]] = body.access_token;
  });
  await page.goto(`${fed.url}/all/library`);
  await expect(page.getByRole('link', { name: 'polimi-only' })).toBeVisible();
  await expect(page.getByText('All 3 instances answered.')).toBeVisible();
  expect(Object.keys(access).sort()).toEqual(['aarhus', 'polimi']);
  for (const request of requests) {
    for (const [id, token] of Object.entries(access)) {
      expect(request.url()).not.toContain(token);
      const carried = (await request.allHeaders()).authorization ?? '';
      if (carried.includes(token)) expect(new URL(request.url()).origin).toBe(fed[id].front.url);
    }
  }
  const html = await page.content();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  const cookies = JSON.stringify(await page.context().cookies());
  for (const token of Object.values(access)) for (const place of [html, kept, cookies, fed.server.output()]) expect(place).not.toContain(token);
  const card = await (await fetch(`${fed.url}/.well-known/dtaas-federation.json`)).json();
  expect(card.instances.map((instance) => instance.id)).toEqual(['aarhus', 'polimi', 'gent']);
});

// D6: refresh tokens stay in the server, codes in the one address that brings them; access tokens come in one answer.
test('what the server holds never reaches a browser', async ({ page, fed }) => {
  const [bodies, requests] = [[], []];
  page.on('request', (request) => requests.push(request));
  page.on('response', async (answer) => {
    if (!answer.url().startsWith(fed.url)) return;
    const text = await answer.text().catch(() => '');
    bodies.push([answer.url(), text + JSON.stringify(await answer.allHeaders().catch(() => ({})))]);
  });
  fed.aarhus.front.lives = 303;
  const before = fed.aarhus.front.issued.length;
  await signInAt(page, fed, 'aarhus', '/i/aarhus/library');
  await ready(page);
  await new Promise((done) => setTimeout(done, 4_000));
  await page.goto(`${fed.url}/i/aarhus/runs`);
  await ready(page);
  await expect.poll(() => fed.aarhus.front.issued.length - before).toBe(2);
  fed.aarhus.front.lives = 0;
  const issued = fed.aarhus.front.issued.slice(before);
  expect(issued.length).toBe(2);
  const codes = requests.map((request) => new URL(request.url()).searchParams.get('code')).filter(Boolean);
  expect(codes.length).toBeGreaterThan(0);
  const kept = await page.evaluate(async () => {
    const all = [{ ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML];
    const done = (asked) => new Promise((found, lost) => { asked.onsuccess = () => found(asked.result); asked.onerror = () => lost(asked.error); });
    const text = new TextDecoder('latin1');
    const plain = (value) => (ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? text.decode(value) : value instanceof Map ? [...value] : value);
    for (const { name } of await indexedDB.databases()) {
      const db = await done(indexedDB.open(name));
      for (const store of db.objectStoreNames) all.push(name, store, await done(db.transaction(store).objectStore(store).getAllKeys()), (await done(db.transaction(store).objectStore(store).getAll())).map(plain));
      db.close();
    }
    all.push(navigation.entries().map((entry) => entry.url), performance.getEntries().map((entry) => entry.name));
    for (const name of await caches.keys().catch(() => [])) all.push(name, ...(await (await caches.open(name)).keys()).map((request) => request.url));
    return JSON.stringify(all);
  });
  const places = [['the page', kept], ['the cookies', JSON.stringify(await page.context().cookies())], ['the log', fed.server.output()], ...bodies];
  expect(bodies.length).toBeGreaterThan(5);
  for (const [where, text] of places) {
    for (const { refresh_token: secret } of issued) expect(text.includes(secret), `a refresh token in ${where}`).toBe(false);
    for (const code of codes) expect(text.includes(code), `a code in ${where}`).toBe(false);
    if (!/\/auth\/\w+\/token$/.test(where)) for (const { access_token: secret } of issued) expect(text.includes(secret), `an access token in ${where}`).toBe(false);
  }
  for (const request of requests) expect((await request.allHeaders()).referer ?? '').not.toContain('code=');
});

test('all twins of an instance are shown with three requests at most', async ({ page, fed }) => {
  await signInAt(page, fed, 'aarhus', '/help');
  await ready(page);
  fed.aarhus.front.seen = [];
  await page.goto(`${fed.url}/i/aarhus/library/digital_twins`);
  await ready(page);
  await expect(page.getByRole('link', { name: 'hello-world' })).toBeVisible();
  await expect(page.getByText('Greets', { exact: false }).first()).toBeVisible();
  const asked = fed.aarhus.front.seen.filter((request) => request.method !== 'OPTIONS' && request.path.startsWith('/forge/api/'));
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.length, JSON.stringify(asked)).toBeLessThanOrEqual(3);
});

// D11: a refresh that one tab causes ends the token of the others, who get the new one without being asked anything.
test('a token that another tab renewed is fetched again', async ({ page, context, fed }) => {
  fed.aarhus.front.lives = 303;
  await signInAt(page, fed, 'aarhus', '/i/aarhus/library');
  await ready(page);
  const other = await context.newPage();
  await other.goto(`${fed.url}/i/aarhus/library`);
  await ready(other);
  await expect(other.getByRole('link', { name: 'hello-world' })).toBeVisible();
  await new Promise((done) => setTimeout(done, 4_000));
  fed.aarhus.front.lives = 0;
  const given = fed.aarhus.front.issued.length;
  await page.reload();
  await expect(page.getByRole('link', { name: 'hello-world' })).toBeVisible();
  expect(fed.aarhus.front.issued.length).toBe(given + 1);
  const statuses = [];
  other.on('response', (answer) => answer.url().startsWith(fed.aarhus.front.url) && statuses.push(answer.status()));
  await other.getByRole('link', { name: 'Runs', exact: true }).click();
  await expect.poll(() => statuses.filter((status) => status === 401).length).toBe(1);
  await expect.poll(() => statuses.at(-1)).toBe(200);
  await expect(other.getByRole('heading', { name: 'Runs', level: 1 })).toBeVisible();
  await expect(other.getByText('You are no longer signed in')).toHaveCount(0);
  expect(fed.aarhus.front.issued.length).toBe(given + 1);
});

test('assets go to another backend and back without a byte lost, and are offered there', async ({ page, fed }) => {
  test.setTimeout(150_000);
  for (const id of ['aarhus', 'polimi']) await signInToWrite(page, fed, id);
  const outcome = await roundtrip(page, fed, { count: 20, large: 3_000_000 });
  expect(outcome).toMatchObject({ writes: 1, identical: 20, whole: true });
  // One of them is offered to a project of the other backend, with the way back to where it is from.
  await page.goto(`${fed.url}/i/aarhus/library/models/common/aarhus-only?tab=use`);
  await page.getByLabel('Where to').selectOption({ label: 'Common assets of Polimi Lab' });
  await page.getByRole('button', { name: 'Offer it there' }).click();
  await expect(page).toHaveURL(`${fed.url}/i/polimi/changes/common/1`);
  await expect(page.getByText('models/aarhus-only of Aarhus DTaaS at commit')).toBeVisible();
  await page.getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(page.locator('.page-head').getByText('Merged')).toBeVisible();
  // The same content is found wherever it is.
  await page.goto(`${fed.url}/i/aarhus/library/models/common/aarhus-only?tab=use`);
  await expect(page.locator('.same').getByText('Polimi Lab')).toBeVisible();
});

test('a source that goes down half-way leaves nothing behind, and is gone on with', async ({ page, fed }) => {
  test.setTimeout(120_000);
  for (const id of ['aarhus', 'polimi']) await signInToWrite(page, fed, id);
  const cart = ['spring-mass', 'mass-damper'].map((name) => ({ instance: 'aarhus', asset: { owner: 'Common', kind: 'Model', name } }));
  await page.evaluate((cart) => localStorage.setItem('cart', JSON.stringify(cart)), cart);
  await page.goto(`${fed.url}/i/polimi/compose`);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('half-way');
  await expect(page.getByText(/copied files/)).toBeVisible();
  const create = page.getByRole('button', { name: 'Create twin' });
  await expect(create).toBeEnabled();
  fed.aarhus.front.mode = 'cut';
  await create.click();
  await expect(page.getByText(/Could not copy models\/.*Aarhus DTaaS did not answer/)).toBeVisible({ timeout: 30_000 });
  expect(fed.polimi.front.seen.filter((one) => one.method === 'POST' && one.path.endsWith('/commits'))).toHaveLength(0);
  fed.aarhus.front.mode = 'pass';
  await expect(async () => {
    await create.click();
    await expect(page.locator('.page-head').getByRole('heading', { name: 'half-way' })).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  expect(await page.evaluate(() => localStorage.getItem('cart'))).toBe('[]');
});
