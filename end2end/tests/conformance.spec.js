// Suites that others wrote: WebSocket cases of Autobahn's (run by kosoku) directly and through the proxy,
// and slow clients of slowhttptest. Each is left out, with a line, where it is not installed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { venv } from './jupyter.js';
import { passOf } from './pass.js';
import { expect, freePort, start, test } from './server.js';

// Jupyter's own kind of WebSocket server.
const TORNADO = `
import sys, asyncio, tornado.web, tornado.websocket
class Echo(tornado.websocket.WebSocketHandler):
    def check_origin(self, origin): return True
    def on_message(self, message): self.write_message(message, binary=isinstance(message, bytes))
class Page(tornado.web.RequestHandler):
    def get(self): self.write('hello')
async def main():
    tornado.web.Application([('/page', Page), ('/.*', Echo)], websocket_max_message_size=64 << 20).listen(int(sys.argv[1]), '127.0.0.1')
    await asyncio.Event().wait()
asyncio.run(main())
`;

// What comes in gets the headers that a browser would send, and goes on as it is.
async function dressed(port, head) {
  const { connect } = await import('node:net');
  const shim = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let first = Buffer.alloc(0);
    const begin = (data) => {
      first = Buffer.concat([first, data]);
      const end = first.indexOf('\r\n\r\n');
      if (end < 0) return;
      client.off('data', begin);
      const [line, ...rest] = first.subarray(0, end).toString('latin1').split('\r\n');
      const others = rest.filter((header) => !/^(host|origin|cookie):/i.test(header));
      upstream.write(Buffer.concat([Buffer.from(`${[line, ...others].join('\r\n')}\r\n${head}\r\n`, 'latin1'), first.subarray(end + 4)]));
      client.pipe(upstream);
      upstream.pipe(client);
    };
    client.on('data', begin);
    for (const [one, other] of [[client, upstream], [upstream, client]]) one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise((done) => shim.listen(0, '127.0.0.1', done));
  return { port: shim.address().port, stop: () => shim.close() };
}

async function verdicts(kosoku, port) {
  const out = mkdtempSync(join(tmpdir(), 'kosoku-'));
  const cases = [1, 2, 3, 4, 5, 6, 7].flatMap((group) => ['-i', `${group}.*`]);
  // Its status tells that some case failed, which direct and through may agree on.
  await new Promise((done) => spawn(kosoku, ['-o', out, ...cases, `ws://127.0.0.1:${port}/`], { stdio: 'ignore', timeout: 240_000 }).on('exit', done));
  const file = readdirSync(out, { recursive: true }).map(String).find((name) => name.endsWith('index.json'));
  const agents = JSON.parse(readFileSync(join(out, file), 'utf8'));
  const [found] = Object.values(agents);
  return Object.fromEntries(Object.entries(found).map(([id, one]) => [id, `${one.behavior} ${one.behaviorClose}`]));
}

test('WebSockets behave through the proxy as they do without it', async () => {
  test.setTimeout(600_000);
  const [kosoku, python] = [join(venv, 'bin/kosoku'), join(venv, 'bin/python')];
  test.skip(!existsSync(kosoku), 'kosoku is not installed');
  const port = await freePort();
  const script = join(mkdtempSync(join(tmpdir(), 'echo-')), 'echo.py');
  writeFileSync(script, TORNADO);
  const upstream = spawn(python, [script, String(port)], { stdio: 'ignore' });
  const server = await start(`[workspaces]\ndomain = "localhost"\ndriver = "static"\nstatic.admin = "http://127.0.0.1:${port}/"\n`, await freePort());
  try {
    await expect.poll(() => fetch(`http://127.0.0.1:${port}/page`).then((answer) => answer.status, () => 0), { timeout: 20_000 }).toBe(200);
    const way = await passOf(server, 'admin');
    const shim = await dressed(way.port, `Host: ${way.host}\r\nOrigin: http://${way.host}\r\nCookie: ${way.pass}\r\n`);
    const direct = await verdicts(kosoku, port);
    const through = await verdicts(kosoku, shim.port);
    expect(Object.keys(direct).length).toBeGreaterThan(150);
    expect(through).toEqual(direct);
    shim.stop();
  } finally {
    await server.stop();
    upstream.kill();
  }
});

test('clients that dawdle hold nobody up', async () => {
  test.setTimeout(180_000);
  test.skip(!existsSync('/usr/bin/slowhttptest'), 'slowhttptest is not installed');
  const server = await start(undefined, await freePort());
  try {
    const { pid } = server;
    const before = readdirSync(`/proc/${pid}/fd`).length;
    for (const [what, words] of [['heads', ['-H', '-i', '5']], ['bodies', ['-B', '-i', '5', '-s', '8192']], ['reading', ['-X', '-w', '1', '-y', '2', '-n', '5', '-z', '1', '-k', '1']]]) {
      const attack = spawn('slowhttptest', [...words, '-c', '500', '-r', '200', '-l', '90', '-u', `${server.url}/forge/users/sign_in`], { stdio: 'ignore' });
      const ended = new Promise((done) => attack.on('exit', done));
      const times = [];
      const held = () => readdirSync(`/proc/${pid}/fd`).length - before;
      const [from, most] = [Date.now() + 5_000, Date.now() + 40_000];
      // First they come, and after ten seconds they are gone; noisy machines take longer for both.
      while (Date.now() < from || (held() > 60 && Date.now() < most)) {
        const begin = performance.now();
        const answer = await fetch(`${server.url}/healthz`);
        await answer.text();
        times.push(performance.now() - begin);
        await new Promise((done) => setTimeout(done, 100));
      }
      // After that time this server holds none of them; what a client has not read yet is the system's.
      times.sort((a, b) => a - b);
      expect([what, held() <= 60]).toEqual([what, true]);
      attack.kill();
      await ended;
      expect(times.length, `${what}: others were served`).toBeGreaterThan(20);
    }
  } finally {
    await server.stop();
  }
});
