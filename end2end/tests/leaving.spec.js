// Whoever leaves while something is on its way, or while a field is being typed into, is where they went, and the app goes on:
// what comes too late finds nothing to change. Every page fixture fails when a script has ended.
import { expect, ready, signIn, test } from './server.js';

const twin = async (page, server) => {
  await signIn(page, server);
  await page.getByRole('link', { name: 'hello-world' }).click();
  await expect(page.getByRole('heading', { name: 'hello-world', level: 1 })).toBeVisible();
};

test('from a form for a start, with a field that is being typed into', async ({ page, server }) => {
  await twin(page, server);
  await page.getByRole('tab', { name: 'Start with…' }).click();
  await expect(page.getByRole('heading', { name: 'Before the start' })).toBeVisible();
  await page.getByLabel('Runner tag').click();
  await page.keyboard.type('abc');
  // As somebody leaves by a gesture: nothing is pressed, so the field is not left before the page is.
  await page.evaluate(() => history.back());
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible();
  await page.getByRole('link', { name: 'hello-world' }).click();
  await page.getByRole('tab', { name: 'Start with…' }).click();
  await expect(page.getByLabel('Runner tag')).toBeVisible();
});

test('from a form of parameters, which keeps what was typed', async ({ page, server }) => {
  await twin(page, server);
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.locator('.files').getByText('.gitlab-ci.yml').click();
  await page.getByRole('button', { name: 'Form', exact: true }).click();
  const field = page.locator('.parameters input').first();
  await field.click();
  await page.keyboard.press('End');
  await page.keyboard.type('zz');
  await page.evaluate(() => history.back());
  await expect(page.getByRole('heading', { name: 'hello-world', level: 1 })).toBeVisible();
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.locator('.files').getByText('.gitlab-ci.yml').click();
  await page.getByRole('button', { name: 'Form', exact: true }).click();
  await expect(page.locator('.parameters input').first()).toHaveValue(/zz$/);
  await page.evaluate(() => localStorage.clear());
});

test('from a run whose job is being run again', async ({ page, server }) => {
  test.setTimeout(90_000);
  const token = server.token('admin');
  const headers = { 'PRIVATE-TOKEN': token, 'Content-Type': 'application/json' };
  const body = { branch: 'leaving', start_branch: 'main', commit_message: 'Fail', actions: [{ action: 'update', file_path: '.gitlab-ci.yml', content: 'fails: {script: [exit 3]}\n' }] };
  const made = await fetch(`${server.api}/projects/dtaas%2Fadmin/repository/commits`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(made.status).toBe(201);
  const runs = async () => (await fetch(`${server.api}/projects/dtaas%2Fadmin/pipelines?ref=leaving`, { headers })).json();
  await expect.poll(async () => (await runs())[0]?.status, { timeout: 30_000 }).toBe('failed');
  await signIn(page, server);
  for (const way of ['Timeline', 'Library']) {
    await page.goto(`${server.url}/i/local/runs/private/${(await runs())[0].id}`);
    await ready(page);
    let go;
    const held = new Promise((done) => { go = done; });
    await page.route('**/retry', async (route) => { await held; await route.continue(); });
    const answered = page.waitForResponse(/\/retry$/);
    await page.getByRole('button', { name: 'Run this job again' }).click();
    await page.getByRole(way === 'Timeline' ? 'tab' : 'link', { name: way }).first().click();
    if (way === 'Library') await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible();
    go();
    await answered;
    await page.waitForTimeout(300);
    await expect(page).toHaveURL(way === 'Timeline' ? /tab=timeline/ : /\/library$/);
    await page.unrouteAll({ behavior: 'wait' });
    await expect.poll(async () => (await runs())[0].status, { timeout: 30_000 }).toBe('failed');
  }
});
