// A library that shows what it holds before the app is there, and all of it however much that is.
import { expect, freePort, ready, signIn, start, test } from './server.js';

let own;
test.beforeAll(async () => { own = await start(undefined, await freePort()); });
test.afterAll(async () => { await own.stop(); });

const commit = async (actions) => {
  const body = JSON.stringify({ branch: 'main', commit_message: 'Add', actions });
  const answer = await fetch(`${own.api}/projects/dtaas%2Fadmin/repository/commits`, { method: 'POST', headers: { 'PRIVATE-TOKEN': own.token('admin'), 'content-type': 'application/json' }, body });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
};
const create = (file_path) => ({ action: 'create', file_path, content: 'x' });
/// Names, kinds and places of the rows, and where the first link stands and leads.
const rows = (page) => page.locator('table.assets').evaluate((table) => {
  const link = table.querySelector('tbody a');
  const cells = [...table.querySelectorAll('tbody tr:not(.space)')].map((row) => [row.querySelector('a').textContent, row.querySelector('a').href, ...[...row.querySelectorAll('td')].map((cell) => cell.textContent)]);
  return { cells, top: Math.round(link.getBoundingClientRect().top), left: Math.round(link.getBoundingClientRect().left) };
});

test('rows are there before the app, the same as afterwards, and lead where they should', async ({ page }) => {
  const odd = 'Ünits & <b>more 50%';
  await commit([create(`models/${odd}/x`), create('tools/loose.py'), create('tools/.hidden'), create('tools/readme.MD')]);
  await signIn(page, own);
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await page.route('**/twinport.wasm', async (route) => { await held; await route.continue(); });
  for (const path of ['library', 'library/models']) {
    const later = page.goto(`${own.url}/i/local/${path}`, { waitUntil: 'commit' });
    await expect(page.locator('table.assets').getByRole('link', { name: odd })).toBeVisible();
    await later;
  }
  const before = await rows(page);
  await expect(page.locator('html')).not.toHaveAttribute('data-ready');
  await expect(page.locator('.skeleton')).toBeHidden();
  // Nothing is counted before it is known.
  await expect(page.locator('.kinds .count').first()).toHaveText('');
  expect(before.cells.every(([, , kind]) => kind === 'Model')).toBe(true);
  // A link works without the app.
  await page.getByRole('link', { name: odd }).click({ noWaitAfter: true });
  await expect(page).toHaveURL(/library\/private\/models\/|\/models\//);
  await page.goto(`${own.url}/i/local/library`, { waitUntil: 'commit' });
  await expect(page.locator('table.assets').getByRole('link', { name: 'loose.py' })).toBeVisible();
  const all = await rows(page);
  go();
  await ready(page);
  await expect(page.locator('#first-rows')).toHaveCount(0);
  await expect(page.locator('table.assets')).toHaveCount(1);
  expect(await rows(page)).toEqual(all);
});

test('what an address filters is left to the app', async ({ page }) => {
  await signIn(page, own);
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  const answered = page.waitForResponse('**/api/graphql');
  await page.route('**/twinport.wasm', async (route) => { await held; await route.continue(); });
  await page.goto(`${own.url}/i/local/library?q=spring`, { waitUntil: 'commit' });
  await (await answered).finished();
  await page.waitForTimeout(200);
  await expect(page.locator('#first-rows')).toBeHidden();
  go();
  await ready(page);
  await expect(page.locator('table.assets').getByRole('link', { name: 'mass-spring-damper', exact: true })).toBeVisible();
});

test('folders of more than a hundred entries are listed whole, in a few requests', async ({ page }) => {
  const names = (count, name) => Array.from({ length: count }, (_, n) => create(name(String(n).padStart(3, '0'))));
  await commit([...names(230, (n) => `data/folder-${n}/x`), ...names(140, (n) => `data/file-${n}.csv`), ...names(100, (n) => `functions/f${n}/x`)]);
  await signIn(page, own);
  const asked = [];
  page.on('request', (request) => { if (/\/api\//.test(request.url())) asked.push(request.url()); });
  await page.goto(`${own.url}/i/local/library/data`);
  const shown = page.getByRole('status').filter({ hasText: 'shown' });
  await expect(shown).toHaveText(/^37\d shown$/);
  await page.getByRole('searchbox').fill('folder-229');
  await expect(page.locator('table.assets').getByRole('link', { name: 'folder-229' })).toBeVisible();
  await page.getByRole('searchbox').fill('file-139');
  await expect(page.locator('table.assets').getByRole('link', { name: 'file-139.csv' })).toBeVisible();
  await expect(page).toHaveURL(/\/library\/data\?q=file-139$/);
  await page.getByRole('searchbox').fill('');
  await expect(shown).toHaveText(/^37\d shown$/);
  await expect(page.locator('.kinds').getByRole('link', { name: /^Functions 10\d$/ })).toBeVisible();
  expect(asked.filter((url) => url.includes('/repository/tree'))).toEqual([]);
});
