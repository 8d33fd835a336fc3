// What must not happen in a browser.
import { expect, ready, signIn, test } from './server.js';

test('no token is in the page, its storage, cookies or address', async ({ page, server, context }) => {
  const tokens = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('/token') && response.ok()) tokens.push((await response.json()).access_token);
  });
  await signIn(page, server);
  await expect(page.getByRole('link', { name: 'hello-world' })).toBeVisible();
  // The answer's body comes to the test a moment after the page has used it.
  await expect.poll(() => tokens.length).toBeGreaterThan(0);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.documentElement.outerHTML]));
  const html = await (await page.request.get(page.url())).text();
  const cookies = JSON.stringify(await context.cookies());
  for (const token of tokens) expect(kept + html + cookies).not.toContain(token);
});

test('the token endpoint answers only our own pages', async ({ page, server }) => {
  await signIn(page, server);
  const status = (headers) => page.request.post(`${server.url}/auth/forge/token`, { headers }).then((answer) => answer.status());
  expect(await status({ 'X-Twinport': '1', Origin: 'https://evil.test' })).toBe(403);
  expect(await status({ Origin: server.url })).toBe(403);
  expect(await status({ 'X-Twinport': '1' })).toBe(403);
  expect(await status({ 'X-Twinport': '1', Origin: server.url })).toBe(200);
});

test('a README cannot act', async ({ page, server }) => {
  const token = server.token('admin');
  const readme = '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"> [x](javascript:window.pwned=1)\n\n<svg onload="window.pwned=1">';
  const answer = await page.request.post(`${server.api}/projects/dtaas%2Fadmin/repository/commits`, {
    headers: { 'PRIVATE-TOKEN': token },
    data: { branch: 'main', commit_message: 'x', actions: [{ action: 'create', file_path: 'models/<b>$(x)<b>/README.md', content: readme }] },
  });
  expect(answer.status()).toBe(201);
  await signIn(page, server);
  await page.getByRole('link', { name: '<b>$(x)<b>' }).click();
  await expect(page.getByText('window.pwned = 1', { exact: false }).first()).toBeVisible();
  expect(await page.evaluate(() => window.pwned)).toBeUndefined();
});

test('a sign-in leads nowhere else, and signing out ends it', async ({ page, server }) => {
  for (const then of ['//evil.test', 'https://evil.test', '/\\evil.test', '/i/../../x']) {
    const answer = await page.request.get(`${server.url}/auth/forge?then=${encodeURIComponent(then)}`, { maxRedirects: 0 });
    expect(answer.headers().location).toContain(`${server.url}/forge/oauth/authorize`);
  }
  await signIn(page, server);
  await page.getByText('admin', { exact: true }).first().click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: /Sign in/ })).toBeVisible();
  await ready(page);
});
