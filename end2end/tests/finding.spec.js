// Finding things: by who made them, what they are about, how they last ran; and what the rail says of one's runs.
import { accessible, expect, freePort, ready, signIn, start, test } from './server.js';

let own;
test.beforeAll(async () => { own = await start(undefined, await freePort()); });
test.afterAll(async () => { await own.stop(); });

const call = async (method, path, body) => {
  const answer = await fetch(own.api + path, { method, headers: { 'PRIVATE-TOKEN': own.token('admin'), 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
};
const P = '/projects/dtaas%2Fadmin';
const readme = (name, head) => ({ action: 'create', file_path: `models/${name}/README.md`, content: `---\n${head}\n---\n# ${name}\n` });
const row = (page, name) => page.locator('table.assets').getByRole('link', { name, exact: true });

test('owner, tag, licence and last run narrow the library, and stand in the address', async ({ page }) => {
  test.setTimeout(90_000);
  const actions = [readme('level-a', 'tags: [Fjord, level]\nauthors:\n  - name: Ada Lovelace\nlicense: MIT'), readme('level-b', 'keywords: fjord\nowner: bob'), readme('level-c', ': : [ no yaml')];
  await call('POST', `${P}/repository/commits`, { branch: 'main', commit_message: 'Say what they are', actions });
  await signIn(page, own);
  await page.getByRole('button', { name: 'Filters', exact: true }).click();
  const group = (name) => page.getByRole('group', { name, exact: true });
  await expect(group('Tag').getByText('fjord')).toBeVisible();
  await expect(group('Tag').locator('li').filter({ hasText: 'fjord' }).locator('.count')).toHaveText('2');
  await expect(group('Owner').getByText('Ada Lovelace')).toBeVisible();
  // Whoever says nothing owns what is in a project of their own.
  await expect(group('Owner').getByText('admin', { exact: true })).toBeVisible();
  await accessible(page);
  // What is known is not asked for again when something is chosen.
  let asked = 0;
  page.on('request', (request) => { if (request.postData()?.includes('README.md')) asked += 1; });
  await group('Tag').getByLabel('fjord').check();
  await expect(row(page, 'level-a')).toBeVisible();
  await expect(row(page, 'level-b')).toBeVisible();
  await expect(page.locator('table.assets tbody tr:not(.space)')).toHaveCount(2);
  await expect(page).toHaveURL(/\/library\?tag=fjord$/);
  await expect(page.getByRole('navigation', { name: 'Kinds of assets' }).getByRole('link', { name: 'Models 2' })).toBeVisible();
  await group('Licence').getByLabel('MIT').check();
  await expect(row(page, 'level-b')).toHaveCount(0);
  await expect(page).toHaveURL(/tag=fjord&licence=MIT$/);
  expect(asked).toBe(0);
  // A link brings it all back; typing and choosing a kind go together with it.
  await page.reload();
  await ready(page);
  await expect(page.locator('table.assets tbody tr:not(.space)')).toHaveCount(1);
  await expect(page.getByRole('list', { name: 'What is chosen' }).getByRole('listitem')).toHaveCount(3);
  await page.getByRole('navigation', { name: 'Kinds of assets' }).getByRole('link', { name: /^Tools/ }).click();
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await expect(page).toHaveURL(/\/library\/tools\?tag=fjord&licence=MIT$/);
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await expect(row(page, 'unit-converter')).toBeVisible();
  await expect(page).toHaveURL(/\/library\/tools$/);
  await expect(page.getByRole('list', { name: 'What is chosen' })).toHaveCount(0);
  // How a twin last ran.
  await call('POST', `${P}/pipeline`, { ref: 'main', variables: [{ key: 'DTName', value: 'hello-world' }, { key: 'RunnerTag', value: 'linux' }] });
  await expect.poll(async () => (await call('GET', `${P}/pipelines?source=parent_pipeline&per_page=1`))[0]?.status, { timeout: 40_000 }).toBe('success');
  await page.goto(`${own.url}/i/local/library?run=Passed`);
  await expect(row(page, 'hello-world')).toBeVisible();
  await expect(page.locator('table.assets tbody tr:not(.space)')).toHaveCount(1);
  await page.getByRole('button', { name: 'Remove Last run: Passed' }).click();
  await expect(row(page, 'level-c')).toBeVisible();
});

test('a table that goes before its first frame takes nothing with it', async ({ page }) => {
  await signIn(page, own);
  const filter = page.getByRole('searchbox');
  await filter.fill('zzzz');
  await expect(page.getByText('Nothing matches')).toBeVisible();
  // The table comes and goes within one frame; what it wanted to do in that frame is not done.
  await filter.evaluate(async (element) => {
    const type = async (value) => {
      element.value = value;
      element.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((done) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0); });
    };
    for (let round = 0; round < 20; round += 1) {
      await type('hello');
      await type('zzzz');
    }
    await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
  });
  await filter.fill('hello');
  await expect(row(page, 'hello-world')).toBeVisible();
});

test('what could not be read is said, and read again', async ({ page }) => {
  await signIn(page, own);
  let fail = true;
  await page.route('**/api/graphql', (route) => (fail && route.request().postData().includes('README.md') ? route.fulfill({ status: 500, body: '{}' }) : route.fallback()));
  await page.getByRole('button', { name: 'Filters', exact: true }).click();
  await expect(page.getByText('read what assets say of themselves', { exact: false })).toBeVisible();
  fail = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('group', { name: 'Owner', exact: true })).toBeVisible();
});

test('the rail says which of one\'s runs go on, and which failed since one looked', async ({ page }) => {
  test.setTimeout(120_000);
  const pushed = async (branch, script) => {
    await call('POST', `${P}/repository/commits`, { branch, start_branch: 'main', commit_message: branch, actions: [{ action: 'update', file_path: '.gitlab-ci.yml', content: `job: {script: ['${script}']}\n` }] });
    await expect.poll(async () => (await call('GET', `${P}/pipelines?ref=${branch}`)).length).toBe(1);
    return (await call('GET', `${P}/pipelines?ref=${branch}`))[0].id;
  };
  // A twin: what its trigger job started goes on, and the trigger job is done.
  await call('POST', `${P}/pipeline`, { ref: 'main', variables: [{ key: 'DTName', value: 'heater-watch' }, { key: 'RunnerTag', value: 'linux' }] });
  const child = async () => (await call('GET', `${P}/pipelines?source=parent_pipeline&per_page=1`))[0];
  await expect.poll(async () => (await child())?.status, { timeout: 30_000 }).toBe('running');
  const going = (await child()).id;
  await page.clock.install({ time: Date.now() - 10_000 });
  await signIn(page, own);
  const square = (words) => page.getByRole('navigation', { name: 'Instances' }).getByRole('link', { name: words });
  await page.clock.fastForward(5_000);
  await expect(square(/\(1 run of yours going on\)$/)).toBeVisible();
  await accessible(page);
  const failed = await pushed('badge-failed', 'exit 1');
  await expect.poll(async () => (await call('GET', `${P}/pipelines/${failed}`)).status, { timeout: 30_000 }).toBe('failed');
  await call('POST', `${P}/pipelines/${going}/cancel`);
  await expect.poll(async () => (await call('GET', `${P}/pipelines/${going}`)).status, { timeout: 30_000 }).toBe('canceled');
  await page.clock.fastForward(61_000);
  await expect(square(/\(1 run of yours failed since you looked\)$/)).toBeVisible();
  // Whoever is where runs are listed has looked.
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible();
  await expect(square(/failed since/)).toHaveCount(0);
});

test('a link is followed to the very view, with the one sign-in that is missing', async ({ page }) => {
  await page.goto(`${own.url}/i/local/library/models?q=pend&where=private#here`);
  await expect(page.getByRole('heading', { name: /^Sign in to/ })).toBeVisible();
  await ready(page);
  await expect(page.getByRole('link', { name: 'Sign in', exact: true })).toHaveAttribute('href', `/auth/forge?then=${encodeURIComponent('/i/local/library/models?q=pend&where=private#here').replaceAll('%2D', '-')}`);
});

test('a sign-out that this server did not do is said', async ({ page }) => {
  await signIn(page, own);
  await page.route('**/auth/forge/logout', (route) => route.abort());
  await page.locator('.account summary').click();
  await page.getByRole('button', { name: /^Sign out/ }).click();
  await expect(page.getByText(/^You are still signed in to/)).toBeVisible();
  await expect(page).toHaveURL(/library/);
});
