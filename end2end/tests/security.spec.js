// What must not happen in a browser.
import evaluator from 'csp_evaluator/dist/evaluator.js';
import finding from 'csp_evaluator/dist/finding.js';
import parser from 'csp_evaluator/dist/parser.js';
import { expect, ready, signIn, test } from './server.js';

const { CspEvaluator } = evaluator;
const { CspParser } = parser;
const { Severity } = finding;

// One test makes the browser refuse things on purpose.
test.use({ harmless: /Failed to load resource|Content Security Policy|evil\.test/ });

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

test('what a page may load is said strictly, with a number that nobody knows before, and holds', async ({ page, server }) => {
  await signIn(page, server);
  const policies = [];
  for (const path of ['/', '/i/local/library', '/i/local/twins/private/hello-world', '/help', '/no/such/page']) {
    const answer = await page.request.get(`${server.url}${path}`);
    const policy = answer.headers()['content-security-policy'];
    const [, nonce] = /'nonce-([^']+)'/.exec(policy) ?? [];
    expect(nonce?.length ?? 0, path).toBeGreaterThan(15);
    // Every script of the page carries it, and nothing else does what a script may.
    const scripts = [...(await answer.text()).matchAll(/<script\b([^>]*)>/g)].map(([, attributes]) => attributes);
    expect(scripts.filter((attributes) => !attributes.includes(`nonce="${nonce}"`)), path).toEqual([]);
    expect(new CspEvaluator(new CspParser(policy).csp).evaluate().filter(({ severity }) => severity <= Severity.MEDIUM).map(({ directive, description }) => `${directive}: ${description}`), path).toEqual([]);
    policies.push(nonce);
  }
  expect(new Set(policies).size).toBe(policies.length);
  // What somebody would put in is refused.
  const refused = await page.evaluate(async (url) => {
    const seen = [];
    document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
    const put = (tag, attributes, text = '') => { const element = Object.assign(document.createElement(tag), attributes); element.textContent = text; document.body.append(element); return element; };
    const inline = document.createElement('div');
    inline.innerHTML = '<img src="data:," onerror="window.pwned = 1"><p style="color:red">x</p>';
    document.body.append(inline);
    document.head.append(Object.assign(document.createElement('base'), { href: 'https://evil.test/' }));
    put('iframe', { src: 'https://evil.test/' });
    put('object', { data: 'https://evil.test/x' });
    put('form', { action: 'https://evil.test/', method: 'post' }).requestSubmit();
    await fetch('https://evil.test/').catch(() => {});
    // Not in the task of the test, which may do more than a page.
    await new Promise((done) => setTimeout(() => { try { eval('window.pwned = 2'); } catch { seen.push('eval'); } done(); }));
    await new Promise((done) => setTimeout(done, 500));
    return { seen, pwned: window.pwned, base: document.baseURI.startsWith(url) };
  }, server.url);
  expect(refused).toMatchObject({ base: true });
  expect(refused.pwned).toBeUndefined();
  for (const directive of ['script-src-attr', 'style-src-attr', 'base-uri', 'frame-src', 'object-src', 'form-action', 'connect-src', 'eval']) expect(refused.seen, directive).toContain(directive);
});
