// The log of a job: searched, folded, linked to, taken away.
import { readFileSync } from 'node:fs';
import { job } from './assets.js';
import { accessible, expect, ready, signIn, test } from './server.js';

const SCRIPT = [
  'printf "section_start:1700000000:build[collapsed=true]\\r\\033[0KBuilding\\n"',
  'for i in $(seq 3000); do echo "step $i of 3000"; done',
  'printf "section_end:1700000065:build\\r\\033[0K"',
  'printf "10%%\\r50%%\\r100%% done\\n"',
  'printf "\\033[38;2;10;200;30mtrue colour\\033[0m see https://twins.example/doc.\\n"',
  'echo "ERROR: pump 7 failed"; echo "ERROR: pump 8 failed"; echo "<b>not bold</b>"',
];

test('a log is searched, folded, linked to, copied and saved', async ({ page, context, server }) => {
  await signIn(page, server);
  const address = server.url + (await job(page, server, 'logs', SCRIPT));
  await page.goto(address);
  const log = page.getByRole('log');
  await expect(page.getByText('Complete')).toBeVisible();
  // Collapsed by its own wish; a progress bar shows its last state; nothing in a log is markup.
  const section = log.getByRole('button', { name: 'Building' });
  await expect(section).toHaveAttribute('aria-expanded', 'false');
  await expect(log.getByText('01:05')).toBeVisible();
  await expect(log.getByText('100% done', { exact: true })).toBeVisible();
  await expect(log.getByText('<b>not bold</b>', { exact: true })).toBeVisible();
  await expect(log.getByRole('link', { name: 'https://twins.example/doc', exact: true }).last()).toHaveAttribute('href', 'https://twins.example/doc');
  // Green of its own, darkened on a light ground until it can be read.
  const [lightness, , hue] = await log.getByText('true colour', { exact: true }).evaluate((element) => getComputedStyle(element).color.match(/[\d.]+/g).map(Number));
  expect(lightness).toBeLessThanOrEqual(0.5);
  expect(Math.abs(hue - 143)).toBeLessThan(5);
  await accessible(page);
  // What is found is shown, the section around it opened.
  const field = page.getByPlaceholder('Search the log');
  await field.fill('STEP 2718 ');
  await expect(page.locator('.log-count')).toHaveText('1 of 1');
  await expect(log.getByText('step 2718 of 3000')).toBeInViewport();
  await page.getByRole('button', { name: 'Regular expression' }).click();
  await field.fill('^step \\d00 ');
  await expect(page.locator('.log-count')).toHaveText('1 of 9');
  await field.press('Enter');
  await expect(page.locator('.log-count')).toHaveText('2 of 9');
  await expect(log.getByText('step 200 of 3000')).toBeInViewport();
  await field.fill('(');
  await expect(page.locator('.log-count')).toContainText('This is no expression');
  await field.fill('');
  // Errors, alike ones together.
  await page.locator('.log-digest summary').click();
  await expect(page.locator('.log-digest')).toContainText('pump 7 failed');
  await expect(page.locator('.log-digest')).toContainText('× 2');
  await page.locator('.log-digest li', { hasText: 'pump 7 failed' }).getByRole('button').click();
  await expect(log.getByText('ERROR: pump 7 failed', { exact: true })).toBeInViewport();
  await page.locator('.log-digest summary').click();
  // A line and a range have an address, which opens there.
  await log.locator('.log-number').nth(1).click();
  await expect.poll(() => new URL(page.url()).hash).toMatch(/^#L\d+$/);
  const other = await context.newPage();
  await other.goto(`${address}#L1500-1502`);
  await ready(other);
  await expect(other.locator('.log-marked')).toHaveCount(3);
  await expect(other.locator('.log-marked').first()).toBeInViewport();
  // A line that this log has not leads to its end.
  await other.goto(`${address}#L250000`);
  await other.reload();
  await expect(other.getByText('Job succeeded')).toBeInViewport();
  await other.close();
  // Every byte as it was written.
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save' }).click();
  const saved = readFileSync(await (await download).path(), 'utf8');
  expect(saved).toContain('10%\r50%\r100% done\n');
  expect(saved.match(/step \d+ of 3000/g)).toHaveLength(3000);
});

test('a log that was erased is empty when the page is loaded again', async ({ page, server }) => {
  await signIn(page, server);
  const address = await job(page, server, 'erased', ['echo before']);
  await page.goto(server.url + address);
  await expect(page.getByRole('log').getByText('before', { exact: true })).toBeVisible();
  const number = address.split('/').at(-1);
  const erased = await page.request.post(`${server.api}/projects/dtaas%2Fadmin/jobs/${number}/erase`, { headers: { 'PRIVATE-TOKEN': server.token('admin') } });
  expect(erased.ok()).toBe(true);
  await page.reload();
  await expect(page.getByText('This job has written nothing.')).toBeVisible();
});

test('a log that is left lets go of its connection', async ({ page, server }) => {
  await signIn(page, server);
  await page.getByRole('link', { name: 'heater-watch' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('log').getByText('Following the heater')).toBeVisible({ timeout: 30_000 });
  const ended = page.waitForEvent('requestfailed', { predicate: (request) => request.url().includes('follow='), timeout: 5_000 }).catch(() => page.waitForEvent('requestfinished', { predicate: (request) => request.url().includes('follow='), timeout: 1_000 }));
  await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
  await expect(page.getByRole('heading', { name: 'Runs', level: 1 })).toBeVisible();
  await ended;
  await page.getByRole('link', { name: /^Run \d+/ }).first().click();
  await page.getByRole('button', { name: 'Cancel run' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel run' }).click();
  await expect(page.locator('.page-head').getByText('Cancelled')).toBeVisible({ timeout: 30_000 });
});

test('a search in one long line ends, and the next one has its turn', async ({ page, server }) => {
  await signIn(page, server);
  await page.goto(server.url + (await job(page, server, 'longline', ['head -c 3000000 /dev/zero | tr "\\\\0" x; echo'])));
  await expect(page.getByText('Complete')).toBeVisible();
  // A search is over what is there: the log's last line has to have come.
  await expect(page.getByText('Job succeeded')).toBeVisible();
  const field = page.getByPlaceholder('Search the log');
  await field.fill('xxxxxx');
  await expect(page.locator('.log-count')).toContainText('500000 matches');
  await field.fill('Job succeeded');
  await expect(page.locator('.log-count')).toHaveText('1 of 1');
});

test('a failed job that is run again is shown in its new attempt', async ({ page, server }) => {
  await signIn(page, server);
  const address = await job(page, server, 'failing', ['echo attempt; exit 3']);
  await page.goto(server.url + address);
  await page.getByRole('button', { name: 'Run this job again' }).click();
  await expect.poll(() => new URL(page.url()).pathname).not.toBe(address);
  await expect(page.getByRole('log').getByText('exit code 3')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('This job failed.')).toBeVisible();
});
