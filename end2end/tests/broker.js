// A real MQTT broker, for tests that need one.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './server.js';

export const hasBroker = () => existsSync('/usr/sbin/mosquitto');

const open = (port) => new Promise((done) => {
  const socket = connect(port, '127.0.0.1', () => { socket.destroy(); done(true); });
  socket.on('error', () => done(false));
});

// On `port`; only `name` with `password` may come in, when they are given.
export async function broker({ port, name, password } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'broker-'));
  port ??= await freePort();
  let config = `listener ${port} 127.0.0.1\nallow_anonymous ${name ? 'false' : 'true'}\nmax_queued_messages 10000\nuser root\n`;
  if (name) {
    const file = join(folder, 'people');
    writeFileSync(file, `${name}:${password}\n`);
    execFileSync('mosquitto_passwd', ['-U', file]);
    config += `password_file ${file}\n`;
  }
  writeFileSync(join(folder, 'broker.conf'), config);
  const child = spawn('/usr/sbin/mosquitto', ['-c', join(folder, 'broker.conf')], { stdio: 'ignore' });
  for (let look = 0; look < 100 && !(await open(port)); look++) await new Promise((done) => setTimeout(done, 50));
  return {
    port, pid: child.pid,
    async stop() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
