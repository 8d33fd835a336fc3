// Starting a twin with what its files let one choose, after a look at what would go wrong.
import { accessible, expect, signIn, test } from './server.js';

const project = (server) => `${server.api}/projects/dtaas%2Fadmin`;

async function declare(page, server) {
  const headers = { 'PRIVATE-TOKEN': server.token('admin') };
  const file = `${project(server)}/repository/files/.gitlab-ci.yml`;
  const old = await (await page.request.get(`${file}/raw?ref=main`, { headers })).text();
  const head = 'spec:\n  inputs:\n    steps: {type: number, default: 10, description: How many steps}\n---\n';
  const variables = 'variables:\n  SPEED: {value: slow, options: [slow, fast], description: How fast it goes}\n';
  const content = `${head}${variables}${old}`;
  const answer = await page.request.post(`${project(server)}/repository/commits`, {
    headers, data: { branch: 'chosen', start_branch: 'main', commit_message: 'x [skip ci]', actions: [{ action: 'update', file_path: '.gitlab-ci.yml', content }] },
  });
  expect(answer.status()).toBe(201);
  await page.request.put(project(server), { headers, data: { default_branch: 'chosen' } });
  return headers;
}

test('a twin is started with what was chosen, and again with the same', async ({ page, server }) => {
  const headers = await declare(page, server);
  await signIn(page, server);
  await page.getByRole('link', { name: 'hello-world' }).click();
  await page.getByRole('tab', { name: 'Start with…' }).click();
  await expect(page.getByText('Large files')).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Branch' })).toHaveValue('chosen');
  await accessible(page);
  // A tag that no runner has is said before anything starts; a branch without the twin stops it.
  await page.getByLabel('Runner tag').fill('no-such-tag');
  await page.getByLabel('Runner tag').blur();
  await expect(page.getByText('No runner that is online has the tag no-such-tag')).toBeVisible();
  await page.getByLabel('Runner tag').fill('linux');
  await page.getByLabel('Runner tag').blur();
  await page.getByRole('combobox', { name: 'SPEED' }).selectOption('fast');
  await page.getByRole('spinbutton', { name: 'steps' }).fill('25');
  await page.getByRole('button', { name: 'Add a variable' }).click();
  await page.getByLabel('Name of the variable').fill('EXTRA');
  await page.getByLabel('Its value').fill("it's $(x)");
  await page.getByRole('button', { name: 'Start the run' }).click();
  await expect(page.getByRole('heading', { name: /^Run \d+/ })).toBeVisible();
  const given = async () => {
    const run = new URL(page.url()).pathname.split('/').at(5);
    const list = await (await page.request.get(`${project(server)}/pipelines/${run}/variables`, { headers })).json();
    return Object.fromEntries(list.map(({ key, value }) => [key, value]));
  };
  const wanted = { DTName: 'hello-world', RunnerTag: 'linux', SPEED: 'fast', EXTRA: "it's $(x)" };
  expect(await given()).toEqual(wanted);
  const first = page.url();
  await expect(page.locator('.page-head').getByText('Passed')).toBeVisible({ timeout: 40_000 });
  await page.getByRole('button', { name: 'Run again', exact: true }).click();
  await expect.poll(() => page.url()).not.toBe(first);
  expect(await given()).toEqual(wanted);
  await expect(page.locator('.page-head').getByText('Passed')).toBeVisible({ timeout: 40_000 });
  await page.getByRole('link', { name: 'Run again with…' }).click();
  await expect(page.getByRole('combobox', { name: 'SPEED' })).toHaveValue('fast');
  await expect(page.getByLabel('Its value')).toHaveValue("it's $(x)");
  await page.request.put(project(server), { headers, data: { default_branch: 'main' } });
});
