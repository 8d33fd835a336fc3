// Stands in front of a backend and does to it what networks and busy servers do: hang, be slow,
// answer with something else. The product has no such switches.
import { createServer, request } from 'node:http';

const ANSWERS = {
  429: [429, { 'content-type': 'text/plain' }, 'Retry later\n'],
  500: [500, { 'content-type': 'application/json' }, '{"message":"500 Internal Server Error"}'],
  401: [401, { 'content-type': 'application/json' }, '{"message":"401 Unauthorized"}'],
  html: [200, { 'content-type': 'text/html' }, '<!doctype html><title>Sign in to the network</title>'],
};

export async function meddle(host = '127.0.0.1') {
  // `mode` is for the API only; `seen` counts what came in, by method and path.
  // `issued` is what the backend gave out; `lives` shortens it, in seconds.
  const state = { mode: 'pass', target: null, seen: [], issued: [], lives: 0, delay: 0, url: '' };
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url.split('?')[0];
    state.seen.push({ method: incoming.method, path, authorization: incoming.headers.authorization, url: incoming.url });
    const api = path.startsWith('/forge/api/');
    if (api && state.mode === 'hang') return;
    if (api && state.mode === 'cut') return void incoming.socket.destroy();
    // A front that knows no CORS: browsers see nothing of its answers, servers do.
    const mute = state.mode === 'mute' && incoming.headers.origin;
    if (api && ANSWERS[state.mode] && incoming.method !== 'OPTIONS') {
      const [status, headers, body] = ANSWERS[state.mode];
      outgoing.writeHead(status, { ...headers, 'access-control-allow-origin': '*' });
      return void outgoing.end(body);
    }
    const go = () => {
      const passed = request({ host: '127.0.0.1', port: state.target, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
        const headers = { ...answer.headers };
        if (mute) for (const name of Object.keys(headers)) if (name.startsWith('access-control-')) delete headers[name];
        if (path !== '/forge/oauth/token' || answer.statusCode !== 200) {
          outgoing.writeHead(answer.statusCode, headers);
          return void answer.pipe(outgoing);
        }
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => {
          const given = JSON.parse(Buffer.concat(parts));
          state.issued.push(given);
          const body = JSON.stringify(state.lives ? { ...given, expires_in: state.lives } : given);
          outgoing.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) });
          outgoing.end(body);
        });
      });
      passed.on('error', () => outgoing.destroy());
      incoming.pipe(passed);
    };
    if (api && state.delay) setTimeout(go, state.delay);
    else go();
  });
  await new Promise((done) => server.listen(0, host, done));
  state.url = `http://${host}:${server.address().port}`;
  state.close = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return state;
}
