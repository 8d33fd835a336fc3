// What somebody sees who watches: a log that grows and falls silent, runs that begin elsewhere, twins started anew, runs deleted meanwhile.
import { accessible, expect, freePort, signIn, start, test } from './server.js';

let own;
test.beforeAll(async () => { own = await start(undefined, await freePort()); });
test.afterAll(async () => { await own.stop(); });

const call = async (method, path, body) => {
  const answer = await fetch(own.api + path, { method, headers: { 'PRIVATE-TOKEN': own.token('admin'), 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
};
const P = '/projects/dtaas%2Fadmin';

/** A branch with this CI file, and the pipeline that its push starts. */
async function pushed(branch, content) {
  await call('POST', `${P}/repository/commits`, { branch, start_branch: 'main', commit_message: branch, actions: [{ action: 'update', file_path: '.gitlab-ci.yml', content }] });
  await expect.poll(async () => (await call('GET', `${P}/pipelines?ref=${branch}`)).length).toBe(1);
  return (await call('GET', `${P}/pipelines?ref=${branch}`))[0].id;
}

test('a search grows with the log, and silence is said', async ({ page }) => {
  test.setTimeout(90_000);
  const script = 'for i in $(seq 1 400); do echo "tick $i of many"; [ $i -gt 20 ] && sleep 0.05; done; sleep 120';
  const id = await pushed('ticks', `stages: [execute, terminate]\nexecute: {stage: execute, script: ['${script}']}\nterminate: {stage: terminate, when: manual, needs: [], script: [echo bye]}\n`);
  await signIn(page, own);
  await page.goto(`${own.url}/i/local/runs/private/${id}`);
  const log = page.getByRole('log');
  await expect(log.getByText('tick 20 of many', { exact: true })).toBeVisible();
  const field = page.getByPlaceholder('Search the log');
  await field.fill('tick 399 of');
  await expect(page.locator('.log-count')).toHaveText(/Nothing found|1/);
  // It comes while one waits, is counted, and takes nobody away from where they are.
  await expect(page.locator('.log-count')).toHaveText('1', { timeout: 40_000 });
  await field.press('Enter');
  await expect(page.locator('.log-count')).toHaveText('1 of 1');
  await expect(log.getByText('tick 399 of many', { exact: true })).toBeInViewport();
  await field.fill('');
  // A line is linked to without a mouse, and from an address that changes.
  await log.focus();
  await page.keyboard.press('j');
  await expect.poll(() => new URL(page.url()).hash).toMatch(/^#L\d+$/);
  await page.keyboard.press('Shift+J');
  await expect.poll(() => new URL(page.url()).hash).toMatch(/^#L\d+-\d+$/);
  await expect(page.locator('.log-marked')).toHaveCount(2);
  await page.evaluate(() => { window.location.hash = '#L7'; });
  await expect(page.locator('.log-marked')).toHaveCount(1);
  await expect(page.locator('.log-marked')).toBeInViewport();
  await expect(page.locator('.page-head').getByText(/^Live, last line/)).toBeVisible();
  await accessible(page);
  // Ten minutes later nothing more has come.
  await expect(log.getByText('tick 400 of many', { exact: true })).toHaveCount(0);
  await page.clock.setFixedTime(Date.now() + 600_000);
  await expect(page.getByText(/^Nothing written for 10 min/)).toBeVisible();
  await expect(page.locator('.page-head').getByText(/^Stale, last line 10 min ago/)).toBeVisible();
});

test('runs that begin elsewhere come by themselves, and older ones when they are asked for', async ({ page }) => {
  test.setTimeout(120_000);
  const first = await pushed('many', 'wait: {when: manual, script: [echo now]}\n');
  for (let count = 0; count < 33; count += 1) await call('POST', `${P}/pipeline`, { ref: 'many' });
  await signIn(page, own);
  await page.goto(`${own.url}/i/local/runs`);
  await expect(page.getByRole('row').filter({ has: page.getByRole('checkbox') })).toHaveCount(30);
  await expect(page.getByRole('link', { name: `Run ${first}`, exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: 'Show older runs' }).click();
  await expect(page.getByRole('link', { name: `Run ${first}`, exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Show older runs' })).toHaveCount(0);
  const { id } = await call('POST', `${P}/pipeline`, { ref: 'many' });
  await expect(page.getByRole('link', { name: `Run ${id}`, exact: true })).toBeVisible({ timeout: 45_000 });
  // None of those that were there is lost, and none is there twice.
  await expect(page.getByRole('link', { name: `Run ${first}`, exact: true })).toHaveCount(1);
  await expect(page.getByRole('link', { name: `Run ${id - 30}`, exact: true })).toHaveCount(1);
});

test('a run that was deleted says so, and shows what it was', async ({ page }) => {
  const id = await pushed('gone', 'first: {script: [echo here]}\nwait: {when: manual, allow_failure: false, script: [echo now]}\n');
  await expect.poll(async () => (await call('GET', `${P}/pipelines/${id}`)).status).toBe('manual');
  await signIn(page, own);
  await page.goto(`${own.url}/i/local/runs/private/${id}?tab=timeline`);
  await expect(page.getByRole('tab', { name: 'Timeline' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.locator('.stages').getByRole('link', { name: /first/ })).toBeVisible();
  await call('DELETE', `${P}/pipelines/${id}`);
  await expect(page.getByText('This run is there no more.')).toBeVisible({ timeout: 15_000 });
  await expect(page.getByRole('button', { name: 'Cancel run' })).toHaveCount(0);
  await expect(page.locator('.stages').getByRole('link', { name: /first/ })).toBeVisible();
  // The address follows what is looked at.
  await page.getByRole('tab', { name: /Results/ }).click();
  await expect.poll(() => new URL(page.url()).search).toBe('?tab=results');
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect.poll(() => new URL(page.url()).search).toBe('');
});

test('a continuous twin is started anew: stopped in order, then run again with the same', async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, own);
  await page.getByRole('link', { name: 'heater-watch' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.page-head').getByText(/^Live/)).toBeVisible({ timeout: 30_000 });
  const before = page.url();
  await page.getByRole('button', { name: 'Restart' }).click();
  await expect.poll(() => page.url(), { timeout: 60_000 }).not.toBe(before);
  await expect(page.locator('.page-head').getByText(/^Live/)).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Cancel run' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel run' }).click();
  await expect(page.locator('.page-head').getByText('Ended without its terminate phase')).toBeVisible({ timeout: 30_000 });
  await page.goto(before);
  await expect(page.locator('.page-head').getByText('Stopped in order')).toBeVisible();
});

test('a form has the fields of the branch that is chosen, and keeps what was typed', async ({ page }) => {
  const head = 'variables:\n  SPEED: {value: slow, description: How fast}\n';
  const file = await (await fetch(`${own.api}${P}/repository/files/.gitlab-ci.yml/raw?ref=main`, { headers: { 'PRIVATE-TOKEN': own.token('admin') } })).text();
  for (const [branch, more] of [['one', ''], ['two', '  DEPTH: {value: "3", description: How deep}\n']]) {
    await call('POST', `${P}/repository/commits`, { branch, start_branch: 'main', commit_message: `${branch} [skip ci]`, actions: [{ action: 'update', file_path: '.gitlab-ci.yml', content: head + more + file }] });
  }
  await signIn(page, own);
  await page.getByRole('link', { name: 'hello-world' }).click();
  await page.getByRole('tab', { name: 'Start with…' }).click();
  const branch = page.getByRole('combobox', { name: 'Branch' });
  await expect(branch).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'SPEED' })).toHaveCount(0);
  await branch.selectOption('one');
  await page.getByRole('textbox', { name: 'SPEED' }).fill('fast');
  await branch.selectOption('two');
  await expect(page.getByRole('textbox', { name: 'DEPTH' })).toHaveValue('3');
  await expect(page.getByRole('textbox', { name: 'SPEED' })).toHaveValue('fast');
  await branch.selectOption('main');
  await expect(page.getByRole('textbox', { name: 'SPEED' })).toHaveCount(0);
});

test('a twin that keeps an environment is stopped by the job that knows how, whatever its name', async ({ page }) => {
  test.setTimeout(90_000);
  const id = await pushed('kettle', 'stages: [execute, cleanup]\nserve: {stage: execute, script: [echo boiling, sleep 300], environment: {name: twins/kettle, url: "https://kettle.example/now", on_stop: switch off}}\n'
    + 'switch off: {stage: cleanup, when: manual, needs: [], script: [echo cold], environment: {name: twins/kettle, action: stop}}\n');
  await signIn(page, own);
  await page.goto(`${own.url}/i/local/runs/private/${id}`);
  await expect(page.getByText('Keeps the environment twins/kettle')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('link', { name: 'Open it' })).toHaveAttribute('href', 'https://kettle.example/now');
  await page.getByRole('button', { name: 'Terminate' }).click();
  await expect(page.getByText('The twin was stopped in order.')).toBeVisible({ timeout: 40_000 });
  await expect(page.locator('.page-head').getByText('Cancelled')).toBeVisible({ timeout: 30_000 });
  const [environment] = await call('GET', `${P}/environments?name=twins%2Fkettle`);
  expect(environment.state).toBe('stopped');
});
