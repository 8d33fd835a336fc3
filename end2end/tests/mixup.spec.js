// Authorization servers that somebody else wrote: what our own forge is lenient about, they are not.
// Two of them, so that the answer of one can be handed in at the other (RFC 9700 §4.4, RFC 9207).
import Provider from 'oidc-provider';
import { createServer } from 'node:http';
import { expect, freePort, start, test as base } from './server.js';

async function authority(id, portal, host) {
  const port = await freePort();
  const url = `http://${host}:${port}`;
  const provider = new Provider(url, {
    clients: [{ client_id: 'twinport', token_endpoint_auth_method: 'none', redirect_uris: [`${portal}/auth/${id}/callback`], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }],
    // Where a GitLab has them.
    routes: { authorization: '/oauth/authorize', token: '/oauth/token', revocation: '/oauth/revoke' },
    scopes: ['read_api', 'api'],
    pkce: { methods: ['S256'], required: () => true },
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    cookies: { keys: ['only for tests'] },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: () => true,
    // One that was used kills all that came of it.
    rotateRefreshToken: true,
    ttl: { AccessToken: () => state.lives, Grant: 3600, Interaction: 600, Session: 3600, RefreshToken: 3600 },
  });
  const state = { id, url, provider, lives: 3600, exchanges: 0, refreshes: 0, errors: [] };
  provider.on('grant.success', (ctx) => (state[ctx.oidc.params.grant_type === 'refresh_token' ? 'refreshes' : 'exchanges'] += 1));
  for (const event of ['grant.error', 'authorization.error', 'server_error', 'revocation.error']) provider.on(event, (_, error) => state.errors.push(`${event}: ${error.error_description ?? error.message}`));
  const answer = provider.callback();
  const decide = async (req, res) => {
    const { prompt, params, session } = await provider.interactionDetails(req, res);
    if (prompt.name === 'login') return provider.interactionFinished(req, res, { login: { accountId: 'ada' } });
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  };
  const who = async (req, res) => {
    const token = await provider.AccessToken.find((req.headers.authorization ?? '').replace('Bearer ', ''));
    res.writeHead(token ? 200 : 401, { 'content-type': 'application/json' });
    res.end(JSON.stringify(token ? { username: token.accountId, name: 'Ada' } : { message: '401 Unauthorized' }));
  };
  const server = createServer((req, res) => {
    if (req.url.startsWith('/interaction/')) return void decide(req, res).catch((error) => res.destroy(error));
    if (req.url === '/api/v4/user') return void who(req, res);
    return void answer(req, res);
  });
  await new Promise((done) => server.listen(port, host, done));
  state.close = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return state;
}

const test = base.extend({
  // They are no GitLabs: what the page asks them besides is refused, and the browser says so.
  harmless: [/Failed to load resource|blocked by CORS policy/, { option: true }],
  two: [
    async ({}, use) => {
      const port = await freePort();
      const portal = `http://127.0.0.1:${port}`;
      const [honest, other] = [await authority('honest', portal, '127.0.0.11'), await authority('other', portal, '127.0.0.12')];
      const config = [honest, other].map((one) => `[[gitlab]]\nid = "${one.id}"\nurl = "${one.url}"\nclient_id = "twinport"\n[[instance]]\nid = "${one.id}"\nname = "${one.id}"\ngitlab = "${one.id}"\n`).join('\n');
      const server = await start(config, port);
      await use({ honest, other, url: portal });
      await server.stop();
      await honest.close();
      await other.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

const token = (page, id) => page.evaluate(async (path) => {
  const answer = await fetch(path, { method: 'POST', headers: { 'X-Twinport': '1' } });
  return { status: answer.status, ...(await answer.json()) };
}, `/auth/${id}/token`);

// Follows redirects with the browser's cookies until one leads to `end`; that address, not gone to.
async function follow(page, from, end) {
  let address = from;
  for (let hop = 0; hop < 10; hop += 1) {
    const answer = await page.context().request.get(address, { maxRedirects: 0 });
    const to = answer.headers().location;
    if (!to) throw new Error(`${address}: ${answer.status()} ${await answer.text()}`);
    address = new URL(to, address).href;
    if (address.startsWith(end)) return new URL(address);
  }
  throw new Error(`never came to ${end}`);
}

// The answer of `id`, held back, changed, and handed in.
async function answerOf(page, two, id, change) {
  const address = await follow(page, `${two.url}/auth/${id}?then=/help`, `${two.url}/auth/${id}/callback`);
  change(address);
  await page.goto(address.href);
}

test('a strict authority: PKCE, rotation by one refresh at a time, revocation', async ({ page, two }) => {
  const { honest } = two;
  await page.goto(`${two.url}/auth/honest?then=/help`);
  await expect(page).toHaveURL(`${two.url}/help`);
  expect(honest.errors).toEqual([]);
  const first = await token(page, 'honest');
  expect([first.status, first.username]).toEqual([200, 'ada']);
  // Tokens that are over in a moment: each is renewed once, however many ask; a pair that is used twice kills the grant.
  honest.lives = 100;
  await page.context().clearCookies();
  await page.goto(`${two.url}/auth/honest?then=/help`);
  const before = honest.refreshes;
  const many = await page.evaluate(() => Promise.all(Array.from({ length: 5 }, () => fetch('/auth/honest/token', { method: 'POST', headers: { 'X-Twinport': '1' } }).then((answer) => answer.status))));
  expect(many).toEqual([200, 200, 200, 200, 200]);
  expect(honest.refreshes).toBeGreaterThan(before);
  expect(honest.errors).toEqual([]);
  honest.lives = 3600;
  const last = await token(page, 'honest');
  expect(await honest.provider.AccessToken.find(last.access_token)).toBeTruthy();
  expect(await page.evaluate(() => fetch('/auth/honest/logout', { method: 'POST', headers: { 'X-Twinport': '1' } }).then((answer) => answer.status))).toBe(204);
  await expect.poll(() => honest.provider.AccessToken.find(last.access_token).then(Boolean)).toBe(false);
  expect((await token(page, 'honest')).status).toBe(401);
});

test('an answer that names another authority, or none where one was promised, is not used', async ({ page, two }) => {
  const { honest, other } = two;
  for (const change of [(address) => address.searchParams.set('iss', other.url), (address) => address.searchParams.delete('iss')]) {
    const before = honest.exchanges;
    await answerOf(page, two, 'honest', change);
    await expect(page.getByRole('heading', { name: "This answer is not the backend's" })).toBeVisible();
    // The way on leads where the first was to lead.
    await expect(page.getByRole('link', { name: 'Sign in again' })).toHaveAttribute('href', '/auth/honest?then=%2Fhelp');
    await page.goto(`${two.url}/help`);
    expect([honest.exchanges, (await token(page, 'honest')).status]).toEqual([before, 401]);
  }
});

test('an answer of one authority, handed in at the other', async ({ page, two }) => {
  const { honest, other } = two;
  const before = [honest.exchanges, other.exchanges];
  await answerOf(page, two, 'honest', (address) => (address.pathname = '/auth/other/callback'));
  await expect(page.getByRole('heading', { name: 'This sign-in has expired' })).toBeVisible();
  // And with the other's own state, as somebody who runs it would write it.
  const state = (await follow(page, `${two.url}/auth/other?then=/help`, `${other.url}/oauth/authorize`)).searchParams.get('state');
  await answerOf(page, two, 'honest', (address) => {
    address.pathname = '/auth/other/callback';
    address.searchParams.set('state', state);
  });
  await expect(page.getByRole('heading', { name: "This answer is not the backend's" })).toBeVisible();
  expect([honest.exchanges, other.exchanges]).toEqual(before);
});
