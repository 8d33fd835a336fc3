// Assets: understood, put together, changed, offered, brought up to date.
import { ask, commit, control, cosim, tank, tree } from './assets.js';
import { accessible, expect, ready, signIn, test } from './server.js';

const MODELS = () => ({
  'models/water/tank.fmu': tank(), 'models/water/control.fmu': control(), 'models/water/README.md': '# Water\n\nA tank and its control.\n\n![the tank](tank.svg)\n',
  'models/water/tank.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><script>window.pwned = 1</script><rect width="80" height="40" fill="teal"/></svg>',
  'models/water/cosim.json': cosim(''), 'models/water/run.sh': '#!/bin/bash\ncat /workspace/examples/models/water/cosim.json\n', 'models/water/LICENSE': 'MIT\n',
});

test.beforeAll(async ({ server }) => {
  await commit(server.api, server.token('admin'), 'dtaas/common', MODELS());
});

const at = (server, path) => `${server.url}/i/local/${path}`;

test('a model shows its card, a co-simulation its graph, a picture is one and acts not', async ({ page, server }) => {
  await signIn(page, server);
  await page.goto(at(server, 'library/models/common/water'));
  await ready(page);
  await expect(page.getByRole('img', { name: 'the tank' })).toBeVisible();
  expect(await page.evaluate(() => window.pwned)).toBeUndefined();
  await page.getByRole('tab', { name: /^Files/ }).click();
  await page.getByRole('link', { name: 'control.fmu' }).click();
  await expect(page.getByText('Runs on Windows 64-bit only')).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search variables' }).fill('lim');
  await expect(page.getByRole('row', { name: /limit parameter Real/ })).toBeVisible();
  await expect(page.getByText('1 of 3 variables')).toBeVisible();
  await accessible(page);
  await page.getByRole('link', { name: 'cosim.json' }).click();
  await expect(page.getByRole('img', { name: /2 models and 2 links/ })).toBeVisible();
  await expect(page.getByText('Every reference, type and unit fits.')).toBeVisible();
  await expect(page.getByRole('cell', { name: /\{t\}\.tank\.level.*Real in m/ })).toBeVisible();
  await accessible(page);
});

test('a twin is composed out of a cart, runs, and knows where its parts are from', async ({ page, server }) => {
  await signIn(page, server);
  await page.goto(at(server, 'library/models/common/water?tab=use'));
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page.getByText('git clone --filter=blob:none')).toBeVisible();
  await accessible(page);
  await page.getByRole('link', { name: 'Compose a twin' }).click();
  await expect(page.getByText('6 files · licence in LICENSE').or(page.getByText('7 files · licence in LICENSE'))).toBeVisible();
  const name = page.getByRole('textbox', { name: 'Name', exact: true });
  for (const [typed, said] of [['a b', 'letters, digits'], ['hello-world', 'already']]) {
    await name.fill(typed);
    await expect(page.getByRole('alert').filter({ hasText: said })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Create twin' })).toBeDisabled();
  }
  await name.fill('water-watch');
  await page.getByLabel('What it is, in one sentence').fill('Watches water.');
  await page.getByLabel(/Rewrite paths of one machine/).check();
  await accessible(page);
  await page.getByRole('button', { name: 'Create twin' }).click();
  await expect(page.locator('.page-head').getByRole('heading', { name: 'water-watch' })).toBeVisible();
  const token = server.token('admin');
  const raw = (path) => ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(`digital_twins/water-watch/${path}`)}/raw?ref=main`);
  expect(await raw('common/models/water/run.sh')).toContain('cat common/models/water/cosim.json');
  const lock = JSON.parse(await raw('twinport.lock'));
  expect(lock.assets[0]).toMatchObject({ path: 'common/models/water', source: { project: 'dtaas/common', path: 'models/water' }, tree: await tree(server.api, token, 'dtaas/common', 'models/water') });
  expect(lock.assets[0].rewritten).toEqual(['run.sh']);
  await page.getByRole('tab', { name: 'Checks' }).click();
  await expect(page.getByText('Everything fits together.')).toBeVisible();
  await page.getByRole('tab', { name: 'Made of' }).click();
  await expect(page.getByText('As at its source.')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.page-head').getByText('Passed')).toBeVisible({ timeout: 40_000 });
});

test('two people edit one file, and no word of either is lost', async ({ page, server }) => {
  const token = server.token('admin');
  const path = 'digital_twins/hello-world/README.md';
  await signIn(page, server);
  await page.goto(at(server, `edit/private/digital_twins/hello-world?file=${encodeURIComponent(path)}`));
  const editor = page.locator('.cm-content');
  await expect(editor).toBeVisible();
  const before = await ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(path)}/raw?ref=main`);
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('My first line\n');
  await expect(page.getByText('1 file changed')).toBeVisible();
  // Somebody else saves the end of it.
  await commit(server.api, token, 'dtaas/admin', { [path]: `${before}\nTheir last line\n` }, 'theirs', 'update');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Somebody else saved this file while you changed it.')).toBeVisible();
  await expect(page.getByText('The two changes touch different lines')).toBeVisible();
  await accessible(page);
  // A reload in the middle of it loses nothing either.
  page.on('dialog', (dialog) => dialog.accept());
  await page.reload();
  await expect(page.getByText('Somebody else saved this file while you changed it.')).toBeVisible();
  await page.getByRole('button', { name: 'Put both together' }).click();
  await expect(editor).toContainText('Their last line');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Nothing changed yet')).toBeVisible();
  const after = await ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(path)}/raw?ref=main`);
  expect(after).toBe(`My first line\n${before}\nTheir last line\n`);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Undone.')).toBeVisible();
  expect(await ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(path)}/raw?ref=main`)).toBe(`${before}\nTheir last line\n`);
});

test('a new file, a parameter in a form and a deletion are one commit', async ({ page, server }) => {
  const token = server.token('admin');
  // A twin of its own: others run the one of the starter library.
  const raw = (name) => ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(`digital_twins/heater-watch/${name}`)}/raw?ref=main`);
  const parts = {};
  for (const name of ['configuration.json', 'physical_twin.py', 'description.md']) {
    const content = await raw(name);
    parts[`digital_twins/heater-edited/${name}`] = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
  }
  await commit(server.api, token, 'dtaas/admin', parts);
  await signIn(page, server);
  await page.goto(at(server, 'edit/private/digital_twins/heater-edited?file=digital_twins%2Fheater-edited%2Fconfiguration.json'));
  await expect(page.locator('.cm-content')).toBeVisible();
  await page.getByRole('button', { name: 'Form', exact: true }).click();
  const first = page.locator('.parameters input').first();
  await first.fill('42.5');
  await first.press('Tab');
  await page.getByRole('button', { name: 'New file' }).click();
  await page.getByLabel('Name of the new file').fill('notes/todo.md');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.locator('.cm-content').click();
  await page.keyboard.type('Remember');
  await page.getByRole('navigation', { name: 'Files' }).getByRole('button', { name: /physical_twin.py/ }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('3 files changed')).toBeVisible();
  await accessible(page);
  await page.getByLabel('What was changed, for the history').fill('Three at once');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Nothing changed yet')).toBeVisible();
  const [newest] = await ask(server.api, token, '/projects/dtaas%2Fadmin/repository/commits?per_page=1');
  expect(newest.title).toBe('Three at once');
  const diffs = await ask(server.api, token, `/projects/dtaas%2Fadmin/repository/commits/${newest.id}/diff`);
  expect(diffs.map((diff) => diff.new_path.split('/').pop()).sort()).toEqual(['configuration.json', 'physical_twin.py', 'todo.md']);
  expect(diffs.find((diff) => diff.new_path.endsWith('configuration.json')).diff.match(/^[+-] /gm)).toHaveLength(2);
});

test('an asset is offered to the common ones, reviewed and merged', async ({ page, server }) => {
  await signIn(page, server);
  await page.goto(at(server, 'library/models/private/pendulum?tab=use'));
  await page.getByLabel('Where to').selectOption({ label: 'Common assets of Local' });
  await page.getByRole('button', { name: 'Offer it there' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Add models/pendulum' })).toBeVisible();
  await expect(page.getByText('It can be merged.')).toBeVisible();
  await page.getByLabel('Comment').fill('Looks **right**');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.locator('.notes strong', { hasText: 'right' })).toBeVisible();
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText(/Approved by/)).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(page.locator('.page-head').getByText('Merged')).toBeVisible();
  const token = server.token('admin');
  expect(await tree(server.api, token, 'dtaas/common', 'models/pendulum')).toBe(await tree(server.api, token, 'dtaas/admin', 'models/pendulum'));
  await page.getByRole('link', { name: 'Changes' }).first().click();
  await expect(page.getByText('Nothing waits')).toBeVisible();
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await expect(page.getByRole('link', { name: 'Add models/pendulum' })).toBeVisible();
  await page.goto(at(server, 'library/models/common/pendulum?tab=history'));
  await page.getByText('Add models/pendulum').first().click();
  await expect(page.getByText('models/pendulum/pendulum.py')).toBeVisible();
  await accessible(page);
});

test('a part that is newer at its source is brought in, with what was changed here', async ({ page, server }) => {
  const token = server.token('admin');
  await signIn(page, server);
  const twin = 'digital_twins/uses-statistics';
  const id = await tree(server.api, token, 'dtaas/common', 'functions/statistics');
  const [head] = await ask(server.api, token, '/projects/dtaas%2Fcommon/repository/commits?per_page=1');
  const readme = await ask(server.api, token, '/projects/dtaas%2Fcommon/repository/files/functions%2Fstatistics%2FREADME.md/raw?ref=main');
  const source = { backend: `${server.url}/forge`, project: 'dtaas/common', path: 'functions/statistics' };
  const entry = { path: 'common/functions/statistics', source, commit: head.id, tree: id };
  await commit(server.api, token, 'dtaas/admin', {
    [`${twin}/description.md`]: 'Uses statistics\n', [`${twin}/twinport.lock`]: JSON.stringify({ version: 1, assets: [entry] }, null, 2),
    [`${twin}/common/functions/statistics/README.md`]: `${readme}\nChanged here\n`,
    [`${twin}/common/functions/statistics/description.md`]: await ask(server.api, token, '/projects/dtaas%2Fcommon/repository/files/functions%2Fstatistics%2Fdescription.md/raw?ref=main'),
    [`${twin}/common/functions/statistics/series.py`]: await ask(server.api, token, '/projects/dtaas%2Fcommon/repository/files/functions%2Fstatistics%2Fseries.py/raw?ref=main'),
  });
  await commit(server.api, token, 'dtaas/common', { 'functions/statistics/README.md': `Changed there\n\n${readme}` }, 'newer', 'update');
  await page.goto(at(server, 'twins/private/uses-statistics?tab=parts'));
  await expect(page.getByText('Newer at its source, and changed here')).toBeVisible();
  await page.getByRole('button', { name: 'Look at the update' }).click();
  await expect(page.getByText('+1 −0').or(page.getByText('+2 −0'))).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Bring it in' }).click();
  await expect(page.getByText('Changed here since it was copied.')).toBeVisible();
  const text = await ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(`${twin}/common/functions/statistics/README.md`)}/raw?ref=main`);
  expect(text).toBe(`Changed there\n\n${readme}\nChanged here\n`);
});

test('who may not push offers from a copy of the project', async ({ browser, server }) => {
  server.run('user', 'add', 'bob');
  const page = await (await browser.newContext()).newPage();
  await signIn(page, server, 'bob');
  const bob = server.token('bob');
  const { id } = await ask(server.api, bob, '/user');
  const demoted = await fetch(`${server.api}/projects/dtaas%2Fcommon/members/${id}`, { method: 'PUT', headers: { 'PRIVATE-TOKEN': server.token('admin'), 'Content-Type': 'application/json' }, body: '{"access_level":20}' });
  expect(demoted.status).toBe(200);
  await commit(server.api, bob, 'dtaas/bob', { 'models/from-bob/README.md': '# From Bob\n', 'models/from-bob/run': '#!/bin/sh\n' });
  await page.goto(at(server, 'library/models/private/from-bob?tab=use'));
  await page.getByLabel('Where to').selectOption({ label: 'Common assets of Local' });
  await expect(page.getByText('a copy of the project is made for you')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Commit', exact: true })).toBeDisabled();
  await page.getByRole('button', { name: 'Offer it there' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Add models/from-bob' })).toBeVisible();
  await expect(page.getByText('Your role does not let you merge here')).toBeVisible();
  const [request] = await ask(server.api, bob, '/projects/dtaas%2Fcommon/merge_requests?state=opened');
  expect((await ask(server.api, bob, `/projects/${request.source_project_id}`)).path_with_namespace).toBe('bob/dtaas-common');
  await page.context().close();
});

test('a twin is deleted with the job that starts it, and no other byte', async ({ page, server }) => {
  const token = server.token('admin');
  const parent = () => ask(server.api, token, '/projects/dtaas%2Fadmin/repository/files/.gitlab-ci.yml/raw?ref=main');
  const before = await parent();
  await signIn(page, server);
  await page.goto(at(server, 'compose'));
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('hello-world-2');
  await page.getByRole('button', { name: 'Create twin' }).click();
  await expect(page.locator('.page-head').getByRole('heading', { name: 'hello-world-2' })).toBeVisible();
  expect(await parent()).toContain('trigger_hello-world-2:');
  await page.getByRole('tab', { name: 'Use' }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('“hello-world-2” was deleted.')).toBeVisible();
  expect(await parent()).toBe(before);
  expect(await tree(server.api, token, 'dtaas/admin', 'digital_twins/hello-world-2')).toBeUndefined();
});

test('renames, deletions, replacements and new files survive a reload and are saved once', async ({ page, server }) => {
  const token = server.token('admin');
  const folder = 'tools/bench';
  await commit(server.api, token, 'dtaas/admin', { [`${folder}/a.txt`]: 'a\n', [`${folder}/b.bin`]: Buffer.from([0xff, 0]), [`${folder}/c.txt`]: 'c\r\nd\r\n', [`${folder}/d.txt`]: 'd\n' });
  await signIn(page, server);
  await page.goto(at(server, `edit/private/${folder}?file=${encodeURIComponent(`${folder}/a.txt`)}`));
  const files = page.getByRole('navigation', { name: 'Files' });
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('1');
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('New path').fill(`${folder}/moved/a.txt`);
  await page.getByRole('button', { name: 'Use this name' }).click();
  await files.getByRole('button', { name: /d.txt/ }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await files.getByRole('button', { name: /c.txt/ }).click();
  await expect(page.locator('.cm-content')).toContainText('c');
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('2');
  await page.getByRole('button', { name: 'New file' }).click();
  await page.getByLabel('Name of the new file').fill('e.txt');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.locator('.cm-content').click();
  await page.keyboard.type('new');
  await expect(page.getByText('4 files changed')).toBeVisible();
  page.on('dialog', (dialog) => dialog.accept());
  await page.reload();
  await expect(page.getByText('4 files changed')).toBeVisible();
  await page.locator('input[type=file]').setInputFiles({ name: 'b.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([0xfe, 1, 2]) });
  await expect(page.getByText('5 files changed')).toBeVisible();
  await expect(page.getByText('Uploaded files are kept on this page only')).toBeVisible();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Nothing changed yet')).toBeVisible();
  const entries = await ask(server.api, token, `/projects/dtaas%2Fadmin/repository/tree?ref=main&recursive=true&path=${encodeURIComponent(folder)}`);
  expect(entries.filter((entry) => entry.type === 'blob').map((entry) => entry.path.slice(folder.length + 1)).sort()).toEqual(['b.bin', 'c.txt', 'e.txt', 'moved/a.txt']);
  const raw = async (path) => Buffer.from(await (await fetch(`${server.api}/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(`${folder}/${path}`)}/raw?ref=main`, { headers: { 'PRIVATE-TOKEN': token } })).arrayBuffer());
  expect([await raw('moved/a.txt'), await raw('c.txt'), await raw('e.txt')].map(String)).toEqual(['1a\n', '2c\r\nd\r\n', 'new']);
  expect([...(await raw('b.bin'))]).toEqual([0xfe, 1, 2]);
  // Nothing comes back on the next visit.
  await page.goto(at(server, `edit/private/${folder}`));
  await expect(page.getByText('Nothing changed yet')).toBeVisible();
  await expect(files.getByRole('listitem')).toHaveCount(4);
});

test('a file that somebody saved is not renamed over', async ({ page, server }) => {
  const token = server.token('admin');
  const path = 'tools/guarded/a.txt';
  await commit(server.api, token, 'dtaas/admin', { [path]: 'one\n', 'tools/guarded/b.txt': 'b\n' });
  await signIn(page, server);
  await page.goto(at(server, `edit/private/tools/guarded?file=${encodeURIComponent(path)}`));
  await page.locator('.cm-content').click();
  await page.keyboard.type('mine ');
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('New path').fill('tools/guarded/c.txt');
  await page.getByRole('button', { name: 'Use this name' }).click();
  await commit(server.api, token, 'dtaas/admin', { [path]: 'theirs\n' }, 'theirs', 'update');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Somebody else saved this file while you changed it.')).toBeVisible();
  expect(await ask(server.api, token, `/projects/dtaas%2Fadmin/repository/files/${encodeURIComponent(path)}/raw?ref=main`)).toBe('theirs\n');
});
