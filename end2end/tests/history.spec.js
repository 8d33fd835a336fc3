// Runs over time: narrowed, grouped, pinned and noted, their jobs on a line, their tests, and word when one ends.
import { accessible, expect, freePort, ready, signIn, start, test } from './server.js';



const REPORT = `<testsuites><testsuite name="plant"><testcase name="fills" time="0.25"/><testcase name="never &lt;overflows&gt;" time="1.5"><failure message="3 m above the brim">at step 7</failure></testcase><testcase name="freezes"><skipped/></testcase></testsuite></testsuites>`;

let own;
test.beforeAll(async () => { own = await start(undefined, await freePort()); });
test.afterAll(async () => { await own.stop(); });

const call = async (method, path, body) => {
  const answer = await fetch(own.api + path, { method, headers: { 'PRIVATE-TOKEN': own.token('admin'), 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const P = '/projects/dtaas%2Fadmin';
const run = (name, more = {}) => call('POST', `${P}/pipeline`, { ref: 'main', variables: Object.entries({ DTName: name, RunnerTag: 'linux', ...more }).map(([key, value]) => ({ key, value })) });
const ended = (id) => expect.poll(async () => (await call('GET', `${P}/pipelines/${id}/bridges`))[0]?.downstream_pipeline?.status, { timeout: 60_000 }).toMatch(/success|failed/);

test('runs are found again by what they are, how they ended, and what was written of them', async ({ page }) => {
  test.setTimeout(120_000);
  const runs = [];
  for (const [name, more] of [['pump', { PUMP: '1' }], ['pump', { PUMP: '2' }], ['pump', { PUMP: '1', STRICT: 'yes' }], ['hello-world', {}]]) runs.push(await run(name, more));
  for (const { id } of runs) await ended(id);
  await signIn(page, own);
  await page.goto(`${own.url}/i/local/runs/private/${runs[1].id}`);
  await page.getByRole('button', { name: 'Add a note' }).click();
  await page.getByLabel('Note', { exact: true }).fill('The quiet one');
  await page.getByRole('checkbox', { name: /Pin it/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('The quiet one')).toBeVisible();
  // It is the pipeline's name on the backend, and nowhere else.
  expect((await call('GET', `${P}/pipelines/${runs[1].id}`)).name).toBe('★ The quiet one');
  await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
  const rows = page.getByRole('row').filter({ has: page.getByRole('checkbox') });
  await expect(rows).toHaveCount(4);
  await accessible(page);
  await page.getByRole('button', { name: /^Pinned/ }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('The quiet one');
  await page.getByRole('button', { name: /^Pinned/ }).click();
  await page.getByRole('button', { name: /^Failed/ }).click();
  await expect(rows).toHaveCount(1);
  await page.getByRole('button', { name: /^Failed/ }).click();
  await page.getByLabel('Filter runs').fill('PUMP');
  await expect(rows).toHaveCount(3);
  await expect(page.getByText(/The newest took .* half of the 2 before took less than/)).toBeVisible();
  await page.getByLabel('Filter runs').fill('nothing like it');
  await expect(page.getByText('No run fits. Clear the filter to see all.')).toBeVisible();
  await page.getByLabel('Filter runs').fill('');
  await page.getByRole('button', { name: 'By twin' }).click();
  await expect(page.getByRole('heading', { name: 'pump (3)' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'hello-world (1)' })).toBeVisible();
  await accessible(page);
  // A note can be taken back.
  await page.goto(`${own.url}/i/local/runs/private/${runs[1].id}`);
  await page.getByRole('button', { name: 'Change the note' }).click();
  await page.getByLabel('Note', { exact: true }).fill('');
  await page.getByRole('checkbox', { name: /Pin it/ }).uncheck();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Add a note' })).toBeVisible();
  await expect(page.getByText('The quiet one')).toHaveCount(0);
});

test('jobs on a line of time, and a report of tests with what failed first', async ({ page }) => {
  test.setTimeout(90_000);
  const twin = 'digital_twins/tested';
  const ci = 'stages: [build, check]\nbuild: {stage: build, script: [sleep 1], tags: [$RunnerTag]}\nplant tests:\n  stage: check\n  script: [mkdir -p out, "cp digital_twins/tested/report.xml out/"]\n  artifacts: {paths: [out]}\n  tags: [$RunnerTag]\n';
  const parent = await (await fetch(`${own.api}${P}/repository/files/.gitlab-ci.yml/raw?ref=main`, { headers: { 'PRIVATE-TOKEN': own.token('admin') } })).text();
  const trigger = '\ntrigger_tested:\n  stage: triggers\n  trigger: {include: digital_twins/tested/.gitlab-ci.yml}\n  rules: [{if: \'$DTName == "tested"\'}]\n  variables: {RunnerTag: $RunnerTag}\n';
  await call('POST', `${P}/repository/commits`, { branch: 'main', commit_message: 'Test a plant', actions: [
    { action: 'create', file_path: `${twin}/.gitlab-ci.yml`, content: ci }, { action: 'create', file_path: `${twin}/report.xml`, content: REPORT },
    { action: 'create', file_path: `${twin}/description.md`, content: 'Tested' }, { action: 'update', file_path: '.gitlab-ci.yml', content: parent + trigger },
  ] });
  const { id } = await run('tested');
  await ended(id);
  await signIn(page, own);
  await page.goto(`${own.url}/i/local/runs/private/${id}`);
  await page.getByRole('tab', { name: 'Timeline' }).click();
  const line = page.getByRole('table', { name: 'Jobs over time' });
  await expect(line.getByRole('row')).toHaveCount(3);
  await expect(line.getByRole('row').filter({ hasText: 'build' })).toContainText(/Passed.*[1-9] s/);
  // One after the other: the second bar begins where the first has ended, or later.
  const bars = await line.locator('.bar rect[data-variant]').evaluateAll((list) => list.map((bar) => ['x', 'width'].map((name) => Number(bar.getAttribute(name)))));
  expect(bars).toHaveLength(2);
  expect(bars[1][0]).toBeGreaterThanOrEqual(bars[0][0] + bars[0][1] - 1);
  await accessible(page);
  await page.getByRole('tab', { name: /Results/ }).click();
  await expect(page.getByText('3 tests: 1 failed, 1 skipped, 1 passed.')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Tests' }).getByRole('row').nth(1)).toContainText('never <overflows>');
  await expect(page.getByText('3 m above the brim')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Source', exact: true }).click();
  await expect(page.getByText('<testsuites>', { exact: false })).toBeVisible();
});

test('somebody who looks elsewhere is told once that a run has ended', async ({ page, context }) => {
  test.setTimeout(120_000);
  await context.grantPermissions(['notifications'], { origin: own.url });
  await page.addInitScript(() => {
    window.told = [];
    window.Notification = class { constructor(title, { body }) { window.told.push(`${title}. ${body}`); } static permission = 'granted'; static requestPermission() { return Promise.resolve('granted'); } };
  });
  await signIn(page, own);
  const { id } = await run('hello-world');
  await page.goto(`${own.url}/i/local/runs/private/${id}`);
  await page.getByRole('button', { name: 'Tell me when it ends' }).click();
  await expect(page.getByRole('button', { name: 'Tell me when it ends' })).toHaveAttribute('aria-pressed', 'true');
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }));
  await ended(id);
  await expect.poll(() => page.evaluate(() => window.told), { timeout: 60_000 }).toEqual([`hello-world: Passed. Run ${id} on Local`]);
});

test('a schedule is made, started at once, switched off and deleted', async ({ page }) => {
  test.setTimeout(60_000);
  await signIn(page, own);
  await page.goto(`${own.url}/i/local/runs`);
  await page.getByRole('link', { name: 'Schedules' }).click();
  await expect(page.getByText('No schedules yet')).toBeVisible();
  await accessible(page);
  await page.getByLabel('Digital twin').fill('pump');
  await page.getByLabel('When').selectOption({ label: 'At times of my own' });
  await page.getByLabel('Times, as cron has them (UTC)').fill('every day');
  await expect(page.getByText('Five fields: minute, hour, day, month, weekday')).toBeVisible();
  await page.getByRole('button', { name: 'Make the schedule' }).click();
  await expect(page.getByText(/Could not make the schedule of pump/)).toBeVisible();
  await page.getByLabel('Times, as cron has them (UTC)').fill('5 14 * * *');
  await page.getByLabel('Variables, one a line (NAME=value)').fill('PUMP=7');
  await page.getByRole('button', { name: 'Make the schedule' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Each day at 14:05 UTC' });
  await expect(row).toContainText('PUMP=7');
  await expect(row.getByRole('link', { name: 'pump' })).toBeVisible();
  await accessible(page);
  const newest = async () => (await call('GET', `${P}/pipelines?source=schedule`))[0];
  expect(await newest()).toBeUndefined();
  await page.getByRole('button', { name: 'Run pump now' }).click();
  await expect.poll(newest, { timeout: 20_000 }).toBeTruthy();
  await ended((await newest()).id);
  await page.getByRole('button', { name: 'Switch pump off' }).click();
  await expect(row).toContainText('Switched off');
  await page.getByRole('button', { name: 'Delete the schedule of pump' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No schedules yet')).toBeVisible();
});
