// The proxy beside nginx and configurable-http-proxy, in turns, before the same upstream; tunnels and
// what they cost. Prints one JSON object of figures.
//
//   TWINPORT=FILE node bench/proxy.mjs
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passOf } from '../tests/pass.js';
import { freePort, start } from '../tests/server.js';

const [seconds, rounds] = [Number(process.env.SECONDS ?? 4), Number(process.env.ROUNDS ?? 3)];
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const children = [];
const folder = mkdtempSync(join(tmpdir(), 'proxy-'));

function nginx(name, body) {
  const place = join(folder, name);
  mkdirSync(join(place, 'html'), { recursive: true });
  writeFileSync(join(place, 'html', 'large'), Buffer.alloc(1_000_000, 'x'));
  writeFileSync(join(place, 'nginx.conf'), `daemon off; ${process.getuid() === 0 ? 'user root; ' : ''}pid ${place}/pid; error_log ${place}/error;\n${body.replaceAll('PLACE', place)}`);
  children.push(spawn('nginx', ['-p', place, '-c', join(place, 'nginx.conf')], { stdio: 'inherit' }));
}

async function up(port, path = '/small') {
  for (let turn = 0; turn < 100; turn += 1) {
    const good = await fetch(`http://127.0.0.1:${port}${path}`).then((answer) => answer.ok, () => false);
    if (good) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`nothing answers at ${port}`);
}

function load(port, path, headers, connections) {
  const words = ['-t2', `-c${connections}`, `-d${seconds}s`, '--latency', ...headers.flatMap((header) => ['-H', header]), `http://127.0.0.1:${port}${path}`];
  const text = execFileSync('wrk', words, { encoding: 'utf8' });
  if (/Non-2xx/.test(text)) throw new Error(`not all answers were good: ${text}`);
  const p99 = text.match(/99%\s+([\d.]+)(us|ms|s)/);
  return { rate: Number(text.match(/Requests\/sec:\s+([\d.]+)/)[1]), p99: Number(p99[1]) * { us: 1e-3, ms: 1, s: 1e3 }[p99[2]] };
}

// A server that agrees to every WebSocket and gives back what it gets.
async function echo() {
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.setNoDelay(true);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
    socket.on('data', (data) => socket.write(data)).on('error', () => {});
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const tunnel = (port, head) => new Promise((done, fail) => {
  const socket = connect(port, '127.0.0.1', () => socket.write(`GET /ws HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`));
  socket.setNoDelay(true);
  socket.once('data', (data) => (String(data).startsWith('HTTP/1.1 101') ? done(socket) : fail(new Error(String(data))))).once('error', fail);
});

// Messages there and back on 50 tunnels at once, for a while: messages a second.
async function messages(port, head) {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => tunnel(port, head)));
  const frame = Buffer.concat([Buffer.from([0x82, 0x80 | 64, 0, 0, 0, 0]), Buffer.alloc(64, 'm')]);
  let count = 0;
  const end = Date.now() + seconds * 500;
  await Promise.all(sockets.map((socket) => new Promise((done) => {
    let got = 0;
    socket.on('data', (data) => {
      got += data.length;
      if (got < frame.length) return;
      got -= frame.length;
      count += 1;
      if (Date.now() < end) socket.write(frame);
      else done(socket.destroy());
    });
    socket.write(frame);
  })));
  return count / (seconds / 2);
}

const resident = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);

const [upstream, front, chp] = [await freePort(), await freePort(), await freePort()];
const common = 'events { worker_connections 4096; }\nhttp { access_log off; keepalive_requests 1000000; client_body_temp_path PLACE/b; proxy_temp_path PLACE/p; fastcgi_temp_path PLACE/f; uwsgi_temp_path PLACE/u; scgi_temp_path PLACE/s;';
nginx('upstream', `worker_processes 1;\n${common} sendfile on; server { listen 127.0.0.1:${upstream} backlog=4096; root PLACE/html; location /small { return 200 "hello from the workspace"; } } }`);
nginx('front', `worker_processes auto;\n${common} upstream w { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000; } server { listen 127.0.0.1:${front} backlog=4096; location / { proxy_pass http://w; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; } } }`);
children.push(spawn('node', [join(import.meta.dirname, '../node_modules/.bin/configurable-http-proxy'), '--ip=127.0.0.1', `--port=${chp}`, '--no-include-prefix', `--default-target=http://127.0.0.1:${upstream}`, '--log-level=error', `--api-port=${await freePort()}`], { stdio: 'ignore' }));
const figures = {};
try {
  await Promise.all([up(upstream), up(front), up(chp)]);
  const port = await freePort();
  const server = await start(`[workspaces]\ndomain = "localhost"\ndriver = "static"\nstatic.admin = "http://127.0.0.1:${upstream}/"\n`, port);
  const inside = await passOf(server, 'admin');
  const headers = [`Host: ${inside.host}`, `Cookie: ${inside.pass}`, 'Sec-Fetch-Site: same-origin'];
  const ways = { own: [port, headers], nginx: [front, []], chp: [chp, []], direct: [upstream, []] };
  const small = { own: [], nginx: [], chp: [], direct: [] };
  const large = { own: [], nginx: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, [at, more]] of Object.entries(ways)) small[name].push(load(at, '/small', more, 32));
    for (const name of ['own', 'nginx']) large[name].push(load(ways[name][0], '/large', ways[name][1], 8));
  }
  const rate = (list) => median(list.map((one) => one.rate));
  const p99 = (list) => median(list.map((one) => one.p99));
  figures['proxy.small_vs_nginx'] = rate(small.own) / rate(small.nginx);
  figures['proxy.small_vs_chp'] = rate(small.own) / rate(small.chp);
  figures['proxy.large_vs_nginx'] = rate(large.own) / rate(large.nginx);
  figures['proxy.added_p99_ms'] = p99(small.own) - p99(small.nginx);
  console.error(JSON.stringify(Object.fromEntries(Object.entries(small).map(([name, list]) => [name, { rate: rate(list), p99: p99(list) }]))), 'large', rate(large.own), rate(large.nginx));
  await server.stop();

  const partner = await echo();
  const more = await freePort();
  const tunnels = await start(`[workspaces]\ndomain = "localhost"\ndriver = "static"\nstatic.admin = "http://127.0.0.1:${partner.address().port}/"\n`, more);
  const way = await passOf(tunnels, 'admin');
  const head = `Host: ${way.host}\r\nCookie: ${way.pass}\r\nOrigin: http://${way.host}\r\n`;
  const [direct, through] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    direct.push(await messages(partner.address().port, 'Host: a\r\n'));
    through.push(await messages(more, head));
  }
  figures['proxy.ws_echo_vs_direct'] = median(direct) / median(through);
  const { pid } = tunnels;
  const before = resident(pid);
  const open = [];
  for (let batch = 0; batch < 50; batch += 1) open.push(...(await Promise.all(Array.from({ length: 100 }, () => tunnel(more, head)))));
  await new Promise((done) => setTimeout(done, 1000));
  figures['proxy.tunnel_kb'] = (resident(pid) - before) / open.length;
  for (const socket of open) socket.destroy();
  await tunnels.stop();
  partner.close();
} finally {
  for (const child of children) child.kill();
}
console.log(JSON.stringify(figures));
process.exit(0);
