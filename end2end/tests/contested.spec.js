// Two people at one file, copies that are stopped, names that are taken, and files that are not what they say.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, commit, tree } from './assets.js';
import { accessible, expect, ready, signIn, test } from './server.js';

const at = (server, path) => `${server.url}/i/local/${path}`;
const text = (server, token, path) => ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(path)}/raw?ref=main`);
const editor = (page) => page.locator('.cm-content');
const typeAt = async (page, keys, words) => {
  await editor(page).click();
  for (const key of keys) await page.keyboard.press(key);
  await page.keyboard.type(words);
};

test('two browsers at the same lines: every key of both is kept, also of those pressed while saving', async ({ page, browser, server }) => {
  test.setTimeout(90_000);
  const token = server.token('admin');
  const path = 'tools/shared/notes.md';
  await commit(server.api, token, 'dtaas/admin', { [path]: 'first\nsecond\nthird\n' });
  const other = await (await browser.newContext()).newPage();
  for (const one of [page, other]) {
    await signIn(one, server);
    await one.goto(at(server, `edit/private/tools/shared?file=${encodeURIComponent(path)}`));
    await expect(editor(one)).toBeVisible();
  }
  await typeAt(page, ['Control+Home'], 'ours ');
  await typeAt(other, ['Control+Home'], 'theirs ');
  // Saving takes a while, in which one types on.
  await other.route('**/repository/commits', async (route) => { await new Promise((done) => setTimeout(done, 1_500)); await route.continue(); });
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await typeAt(other, ['Control+End'], 'typed while saving');
  await expect(other.getByText('1 file changed')).toBeVisible({ timeout: 15_000 });
  await expect(editor(other)).toContainText('typed while saving');
  await expect.poll(() => text(server, token, path)).toBe('theirs first\nsecond\nthird\n');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Somebody else saved this file while you changed it.')).toBeVisible();
  await expect(page.getByText('Both changed the same lines.')).toBeVisible();
  await accessible(page);
  // One goes on typing before choosing.
  await typeAt(page, ['Control+End'], 'and this');
  await page.getByRole('button', { name: 'Put both together' }).click();
  for (const words of ['ours first', 'theirs first', 'and this', 'third']) await expect(editor(page)).toContainText(words);
  // What has marks in it is not saved by mistake.
  await page.keyboard.press('Control+s');
  expect(await text(server, token, path)).toBe('theirs first\nsecond\nthird\n');
  await editor(page).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('ours and theirs first\nsecond\nthird\nand this');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Nothing changed yet')).toBeVisible();
  // The other one saves what was typed since, and meets the same.
  await other.unroute('**/repository/commits');
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(other.getByText('Somebody else saved this file while you changed it.')).toBeVisible();
  await other.getByRole('button', { name: 'Put both together' }).click();
  await expect(editor(other)).toContainText('typed while saving');
  await expect(editor(other)).toContainText('and this');
  await other.context().close();
});

test('a file that somebody deleted keeps what was typed into it', async ({ page, server }) => {
  const token = server.token('admin');
  const path = 'tools/vanishing/a.txt';
  await commit(server.api, token, 'dtaas/admin', { [path]: 'one\n', 'tools/vanishing/b.txt': 'b\n' });
  await signIn(page, server);
  await page.goto(at(server, `edit/private/tools/vanishing?file=${encodeURIComponent(path)}`));
  await expect(editor(page)).toBeVisible();
  await typeAt(page, ['Control+Home'], 'kept ');
  await commit(server.api, token, 'dtaas/admin', { [path]: null }, 'gone');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert').first()).toBeVisible();
  await expect(editor(page)).toContainText('kept one');
  page.on('dialog', (dialog) => dialog.accept());
  await page.reload();
  await expect(page.getByText('1 file changed')).toBeVisible();
});

test('thirty assets of five hundred files go in one write, are stopped half-way, and leave nothing then', async ({ page, server }) => {
  test.setTimeout(150_000);
  const token = server.token('admin');
  const names = Array.from({ length: 30 }, (_, n) => `part-${n}`);
  await commit(server.api, token, 'dtaas/common', Object.fromEntries(names.flatMap((name) => Array.from({ length: 17 }, (_, n) => [`models/${name}/file-${n}.txt`, `${name} ${n}\n`]))));
  await signIn(page, server);
  const cart = JSON.stringify(names.map((name) => ({ instance: 'local', asset: { owner: 'Common', kind: 'Model', name } })));
  await page.evaluate((cart) => localStorage.setItem('cart', cart), cart);
  await page.goto(at(server, 'compose'));
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('thirty');
  const create = page.getByRole('button', { name: 'Create twin' });
  await expect(create).toBeEnabled({ timeout: 30_000 });
  const before = await ask(server.api, token, '/projects/dtaas%2Fadmin/repository/branches?per_page=100');
  const writes = [];
  page.on('request', (request) => { if (!['GET', 'OPTIONS'].includes(request.method()) && /\/api\/v4\//.test(request.url())) writes.push(request.url()); });
  // Slow enough to be seen, and to be stopped.
  let slow = true;
  await page.route(/\/repository\/(files|blobs)\//, async (route) => { if (slow) await new Promise((done) => setTimeout(done, 150)); await route.continue().catch(() => {}); });
  await create.click();
  await expect(page.getByText(/^\d+ of 510 files fetched$/)).toBeVisible();
  await expect(page.getByText(/^[1-9]\d* of 510 files fetched$/)).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('Stopped. Nothing was written.')).toBeVisible({ timeout: 30_000 });
  expect(writes).toEqual([]);
  expect(await ask(server.api, token, '/projects/dtaas%2Fadmin/repository/branches?per_page=100')).toEqual(before);
  expect(await page.evaluate(() => localStorage.getItem('cart'))).toBe(cart);
  slow = false;
  await create.click();
  await expect(page.locator('.page-head').getByRole('heading', { name: 'thirty' })).toBeVisible({ timeout: 60_000 });
  expect(writes.length).toBeLessThanOrEqual(4);
  for (const name of ['part-0', 'part-29']) expect(await tree(server.api, token, 'dtaas/admin', `digital_twins/thirty/common/models/${name}`)).toBe(await tree(server.api, token, 'dtaas/common', `models/${name}`));
});

test('a name that is taken while one fills the form in, and rights that are gone', async ({ page, server }) => {
  const token = server.token('admin');
  await signIn(page, server);
  await page.goto(at(server, 'compose'));
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('taken');
  const create = page.getByRole('button', { name: 'Create twin' });
  await expect(create).toBeEnabled();
  await commit(server.api, token, 'dtaas/admin', { 'digital_twins/taken/x': 'theirs\n' });
  await create.click();
  await expect(page.getByRole('alert').filter({ hasText: /taken/ }).first()).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('taken');
  expect(await text(server, token, 'digital_twins/taken/x')).toBe('theirs\n');
  expect(await tree(server.api, token, 'dtaas/admin', 'digital_twins/taken/description.md')).toBeUndefined();
});

// Archives that are no FMUs, or that would fill a machine.
const ZIPS = `
import sys, zipfile, io
folder = sys.argv[1]
xml = '<?xml version="1.0"?><fmiModelDescription fmiVersion="2.0" modelName="m" guid="{1}"><CoSimulation modelIdentifier="m"/><ModelVariables/></fmiModelDescription>'
def write(name, entries):
    with zipfile.ZipFile(f'{folder}/{name}.fmu', 'w', zipfile.ZIP_DEFLATED) as z:
        for path, content in entries: z.writestr(path, content)
write('bomb', [('modelDescription.xml', ' ' * 200_000_000)])
write('traversal', [('../../modelDescription.xml', xml)])
write('many', [(f'f{n}', '') for n in range(10_001)] + [('modelDescription.xml', xml)])
write('whole', [('modelDescription.xml', xml + '<!--' + 'x' * 5000 + '-->')])
whole = open(f'{folder}/whole.fmu', 'rb').read()
open(f'{folder}/truncated.fmu', 'wb').write(whole[:len(whole) // 2])
write('notxml', [('modelDescription.xml', '\\x00<<<')])
open(f'{folder}/nozip.fmu', 'wb').write(b'not a zip at all')
open(f'{folder}/empty.fmu', 'wb').write(b'')
`;

test('files that are not what they say end in a sentence', async ({ page, server }) => {
  test.setTimeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'zips-'));
  execFileSync('python3', ['-c', ZIPS, folder]);
  const fmus = ['bomb', 'traversal', 'truncated', 'notxml', 'nozip', 'empty', 'many'];
  const files = Object.fromEntries(fmus.map((name) => [`models/broken/${name}.fmu`, readFileSync(join(folder, `${name}.fmu`))]));
  const texts = {
    'models/broken/wrong.json': '{"fmus": {"{a}": "a.fmu"', 'models/broken/wrong.ipynb': '{"cells": [', 'models/broken/empty.csv': '', 'models/broken/odd.csv': 'a,b\n1\n1,2,3,4\n"open',
    'models/broken/cycle.json': JSON.stringify({ fmus: { '{a}': 'a.fmu' }, connections: { '{a}.x.o': ['{a}.x.i'], '{a}.x.i': ['{a}.x.o'] }, parameters: {} }),
  };
  await commit(server.api, server.token('admin'), 'dtaas/admin', { ...files, ...texts });
  await signIn(page, server);
  const heap = () => page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
  const before = await heap();
  for (const name of [...Object.keys(files), ...Object.keys(texts)].map((path) => path.split('/').pop())) {
    await page.goto(at(server, `library/models/private/broken?file=${encodeURIComponent(`models/broken/${name}`)}`));
    await ready(page);
    const region = page.getByRole('region', { name: `File ${name}` });
    await expect(region).toBeVisible();
    await expect(region.locator('.skeleton')).toHaveCount(0);
    const words = await region.innerText();
    expect(words.length, name).toBeGreaterThan(15);
    if (name.endsWith('.fmu') && name !== 'many.fmu') await expect(region.getByText(/cannot be|could not|is not|no FMU|damaged|larger|too large|leads out|ends before|There is no/i).first(), `${name}: ${words}`).toBeVisible();
  }
  expect(await heap()).toBeLessThan(before + 100_000_000);
  await accessible(page);
});

test('a part that was changed in a twin is offered to where it is from', async ({ page, server }) => {
  test.setTimeout(60_000);
  const token = server.token('admin');
  await signIn(page, server);
  const twin = 'digital_twins/improves';
  const files = ['README.md', 'description.md', 'convert.py'].map((name) => `tools/bettered/${name}`);
  await commit(server.api, token, 'dtaas/common', Object.fromEntries(files.map((path) => [path, `${path}\n`])));
  const [head] = await ask(server.api, token, '/projects/dtaas%2Fcommon/repository/commits?per_page=1');
  const source = { backend: `${server.url}/forge`, project: 'dtaas/common', path: 'tools/bettered' };
  const entry = { path: 'common/tools/bettered', source, commit: head.id, tree: await tree(server.api, token, 'dtaas/common', 'tools/bettered') };
  await commit(server.api, token, 'dtaas/admin', {
    [`${twin}/description.md`]: 'Improves\n', [`${twin}/twinport.lock`]: JSON.stringify({ version: 1, assets: [entry] }, null, 2),
    ...Object.fromEntries(files.map((path) => [`${twin}/common/${path}`, path.endsWith('.py') ? `${path}\nbetter\n` : `${path}\n`])),
  });
  await page.goto(at(server, 'twins/private/improves?tab=parts'));
  await expect(page.getByText('Changed here since it was copied.')).toBeVisible();
  await page.getByRole('button', { name: 'Offer the change' }).click();
  await page.getByLabel('Title').fill('Better conversion');
  await accessible(page);
  await page.getByRole('button', { name: 'Offer it', exact: true }).click();
  await page.getByRole('link', { name: /^Look at !\d+$/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Better conversion' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Files (1)' })).toBeVisible();
  await page.getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(page.locator('.page-head').getByText('Merged')).toBeVisible();
  expect(await ask(server.api, token, '/projects/dtaas%2Fcommon/repository/files/tools%2Fbettered%2Fconvert.py/raw?ref=main')).toBe('tools/bettered/convert.py\nbetter\n');
});

test('a version is made, looked at, and its name is not given twice', async ({ page, server }) => {
  await signIn(page, server);
  await page.goto(at(server, 'library/models/private/pendulum?tab=history'));
  const make = async (name) => {
    await expect(page.locator('.versions-list')).toBeVisible();
    if (!(await page.locator('.new-version').evaluate((one) => one.open))) await page.getByText('New version', { exact: true }).click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('What is new').fill('As it was first published');
    await page.getByRole('button', { name: 'Make it' }).click();
  };
  await make('v1.0 final');
  await expect(page.getByRole('alert').filter({ hasText: 'v1.0 final' })).toBeVisible();
  await expect(page.getByLabel('What is new')).toHaveValue('As it was first published');
  await page.getByLabel('Name', { exact: true }).fill('v1.0');
  await accessible(page);
  await page.getByRole('button', { name: 'Make it' }).click();
  await expect(page.getByText('The version v1.0 was made.')).toBeVisible();
  await expect(page.locator('.versions-list').getByText('v1.0', { exact: true })).toBeVisible();
  await page.reload();
  await ready(page);
  await make('v1.0');
  await expect(page.getByRole('alert').filter({ hasText: 'v1.0' })).toBeVisible();
  await page.locator('.versions-list li').filter({ hasText: 'v1.0' }).getByRole('link', { name: 'Look at it' }).click();
  await expect(page).toHaveURL(/ref=v1%2E0|ref=v1\.0/);
});
