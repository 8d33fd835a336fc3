// The main job: from the one link to a running twin, its log as it grows, and its results.
import { accessible, expect, ready, signIn, test } from './server.js';

test('the printed link leads to the library', async ({ page, server }) => {
  await page.goto(server.link);
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'hello-world' })).toBeVisible();
  await expect(page.getByText('Greets you, counts to five')).toBeVisible();
  await accessible(page);
});

test('a twin is run and watched until its results are there', async ({ page, server }) => {
  await signIn(page, server);
  await page.getByRole('link', { name: 'mass-spring-damper' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'mass-spring-damper' })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Lifecycle phases' }).getByRole('listitem')).toHaveCount(4);
  await accessible(page);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('heading', { name: /^Run \d+/ })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Jobs' }).getByRole('link', { name: /^analyze/ })).toBeVisible();
  await expect(page.locator('.page-head').getByText('Passed')).toBeVisible({ timeout: 40_000 });
  await page.getByRole('navigation', { name: 'Jobs' }).getByRole('link', { name: /^execute/ }).click();
  await expect(page.getByText('saved to output/result.csv')).toBeVisible();
  await accessible(page);
  await page.getByRole('tab', { name: /Results/ }).click();
  await expect(page.getByRole('columnheader', { name: 'cart_1.x1' })).toBeVisible();
  await expect(page.getByRole('img', { name: /Plot of cart_1.x1/ }).locator('canvas')).toBeVisible();
  await accessible(page);
});

test('a log grows while it is watched, and the run can be cancelled', async ({ page, server }) => {
  await signIn(page, server);
  await page.getByRole('link', { name: 'heater-watch' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const log = page.getByRole('log');
  const count = () => log.getByText('W/K').count();
  // Not its first line: on a slow machine that is out of sight before anybody looks.
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(2);
  const before = await count();
  await expect.poll(count).toBeGreaterThan(before);
  await page.getByRole('button', { name: 'Cancel run' }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel this run?' });
  await accessible(page);
  await dialog.getByRole('button', { name: 'Cancel run' }).click();
  await expect(page.locator('.page-head').getByText('Cancelled')).toBeVisible({ timeout: 30_000 });
  await expect(log.getByText('Told to stop after')).toBeVisible();
});

test('a continuous twin is stopped in order', async ({ page, server }) => {
  await signIn(page, server);
  await page.getByRole('link', { name: 'heater-watch' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('log').getByText('Following the heater')).toBeVisible({ timeout: 30_000 });
  const strip = page.getByRole('list', { name: 'Lifecycle phases' });
  await expect(strip.getByRole('listitem').filter({ hasText: 'execute' })).toContainText('The twin is here');
  await expect(strip.getByRole('listitem').filter({ hasText: 'terminate' })).toContainText('May be started now');
  await accessible(page);
  await page.getByRole('button', { name: 'Terminate' }).click();
  await expect(page.getByText('The twin was stopped in order.')).toBeVisible({ timeout: 30_000 });
  await expect(page.locator('.page-head').getByText('Cancelled')).toBeVisible({ timeout: 30_000 });
  await expect(strip.getByRole('listitem').filter({ hasText: 'terminate' })).toContainText('Passed');
  const environments = await (await page.request.get(`${server.api}/projects/dtaas%2Fadmin/environments`, { headers: { 'PRIVATE-TOKEN': server.token('admin') } })).json();
  expect(environments.map(({ name, state }) => [name, state])).toEqual([['twins/heater-watch', 'stopped']]);
});

test('runs are in the history of another browser, too', async ({ page, browser, server }) => {
  await signIn(page, server);
  await page.getByRole('link', { name: 'hello-world' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('heading', { name: /^Run \d+/ })).toBeVisible();
  const title = await page.getByRole('heading', { level: 1 }).textContent();
  const other = await (await browser.newContext()).newPage();
  await signIn(other, server);
  await other.getByRole('link', { name: 'Runs' }).click();
  await expect(other.getByRole('link', { name: title.trim() })).toBeVisible();
  await expect(other.getByRole('row', { name: new RegExp(title.trim()) }).getByText('hello-world')).toBeVisible();
  await accessible(other);
  await other.context().close();
});

test('assets of every kind, and the filter', async ({ page, server }) => {
  await signIn(page, server);
  await page.getByRole('link', { name: /^Models/ }).click();
  await expect(page.getByRole('heading', { name: 'Models' })).toBeVisible();
  await expect(page).toHaveURL(`${server.url}/i/local/library/models`);
  await page.getByRole('searchbox').fill('pend');
  // Other tests on this server may have published it as well.
  const named = page.locator('table.assets tbody tr:not(.space)');
  await expect(named.filter({ hasNotText: 'pendulum' })).toHaveCount(0);
  await expect(named.first()).toBeVisible();
  await page.getByRole('searchbox').fill('nothing like this');
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await page.getByRole('link', { name: 'pendulum' }).click();
  await expect(page).toHaveURL(`${server.url}/i/local/library/models/private/pendulum`);
  await page.getByRole('tab', { name: /^Files/ }).click();
  await page.getByRole('link', { name: 'pendulum.py' }).click();
  await expect(page.getByText('def slope(state')).toBeVisible();
  await page.goBack();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Models' })).toBeVisible();
  await accessible(page);
});

test('without JavaScript errors on every other page', async ({ page, server }) => {
  for (const path of ['/', '/help', '/nowhere', '/i/none/library', '/i/local/runs']) {
    await page.goto(server.url + path);
    await ready(page);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await accessible(page);
  }
  await page.goto(`${server.url}/i/local/runs`);
  await expect(page.getByRole('heading', { name: 'Sign in to Local' })).toBeVisible();
});

test('a page whose file does not arrive says so, and comes when asked again', async ({ browser, server }) => {
  // A page of its own: here the browser is right to complain.
  const page = await (await browser.newContext()).newPage();
  await signIn(page, server);
  await page.route('**/page_runs.pack', (route) => route.abort());
  await page.getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByText('This part of the app could not be loaded')).toBeVisible();
  await expect(page).toHaveTitle('Runs · Twinport');
  await accessible(page);
  await page.unroute('**/page_runs.pack');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Runs' })).toBeVisible();
  await page.context().close();
});
