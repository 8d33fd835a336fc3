// One portal and three backends, each a forge of its own behind a meddler.
import { meddle } from './meddler.js';
import { freePort, start } from './server.js';

// Cookies know no ports, so each has an address of its own.
const NAMES = { aarhus: 'Aarhus DTaaS', polimi: 'Polimi Lab', gent: 'Gent Twins' };

async function backend(id, portal) {
  const front = await meddle(`127.0.0.${2 + Object.keys(NAMES).indexOf(id)}`);
  front.target = await freePort();
  const server = await start(`[server]\npublic_url = "${front.url}"\n`, front.target);
  const api = `${front.url}/forge/api/v4`;
  const headers = { authorization: `Bearer ${server.token('admin')}`, 'content-type': 'application/json' };
  const post = async (path, body, method = 'POST') => {
    const answer = await fetch(api + path, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const redirect_uri = `${portal}/auth/${id}/callback`;
  const application = await post('/applications', { name: 'Twinport', redirect_uri, scopes: 'read_api api', confidential: false });
  // Something that only this instance has, and something that all have.
  await post('/projects/dtaas%2Fcommon/repository/commits', {
    branch: 'main', commit_message: 'Add what is ours',
    actions: [{ action: 'create', file_path: `models/${id}-only/README.md`, content: `# ${id}\n\nThe zirconium constant of ${id}.\n` }, { action: 'create', file_path: `models/${id}-only/description.md`, content: `Only at ${id}` }],
  });
  return {
    id, name: NAMES[id], front, server, post, client: application.application_id,
    async stop() { await front.close(); await server.stop(); },
  };
}

export async function federation() {
  const port = await freePort();
  const portal = `http://127.0.0.1:${port}`;
  const backends = {};
  for (const id of Object.keys(NAMES)) backends[id] = await backend(id, portal);
  await backends.gent.post('/groups/dtaas', {}, 'GET').catch(() => {});
  await backends.gent.post('/projects/dtaas%2Fcommon', { visibility: 'public' }, 'PUT');
  const gitlab = (b) => `[[gitlab]]\nid = "${b.id}"\nurl = "${b.front.url}/forge"\nclient_id = "${b.client}"\n`;
  const instance = (b) => `[[instance]]\nid = "${b.id}"\nname = "${b.name}"\ngitlab = "${b.id}"\nguests = ${b.id === 'gent'}\n`;
  const config = Object.values(backends).flatMap((b) => [gitlab(b), instance(b)]).join('\n');
  const server = await start(config, port);
  return {
    ...backends, server, url: portal, config,
    async stop() {
      await server.stop();
      for (const one of Object.values(backends)) await one.stop();
    },
  };
}

// Signs in at a backend as a person would: to the backend's own page, consent, and back.
export async function signInAt(page, fed, id, then = '/') {
  const { server } = fed[id];
  await page.goto(server.newLink('admin').replace(/^http:\/\/[^/]+/, fed[id].front.url));
  await page.goto(`${fed.url}/auth/${id}?then=${encodeURIComponent(then)}`);
  const allow = page.getByRole('button', { name: /Allow|Authorize/ });
  if (await allow.isVisible()) await allow.click();
  await page.waitForURL((url) => url.origin === fed.url);
}

// The same, with the right to write, which the first change would ask for.
export async function signInToWrite(page, fed, id) {
  await signInAt(page, fed, id);
  await page.goto(`${fed.url}/auth/${id}?scope=api&then=%2F`);
  const allow = page.getByRole('button', { name: /Allow|Authorize/ });
  if (await allow.isVisible()) await allow.click();
  await page.waitForURL((url) => url.origin === fed.url);
}
