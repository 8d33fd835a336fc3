// What a browser asked for and did not wait for, and what a server was doing when it was killed, is carried through or undone: nothing
// stays half made.
import { spawn } from 'node:child_process';
import http from 'node:http';
import { expect, freePort, start, test } from './server.js';

const FINAL = /^(success|failed|canceled|skipped)$/;
let own;
test.beforeAll(async () => { own = await start(undefined, await freePort()); });
test.afterAll(async () => { await own.stop(); });

const body = JSON.stringify({ ref: 'main', variables: [{ key: 'DTName', value: 'hello-world' }, { key: 'RunnerTag', value: 'linux' }] });
// Asks for a run, and goes away after so many milliseconds.
const ask = (base, token, wait) => new Promise((done) => {
  const request = http.request(`${base}/forge/api/v4/projects/dtaas%2Fadmin/pipeline`, { method: 'POST', agent: false, headers: { 'PRIVATE-TOKEN': token, 'content-type': 'application/json', 'content-length': body.length } });
  request.on('error', done).on('response', (answer) => { answer.resume().on('end', done); });
  request.end(body);
  setTimeout(() => { request.destroy(); done(); }, wait);
});
const runs = async (base, token) => {
  const answer = await fetch(`${base}/forge/api/v4/projects/dtaas%2Fadmin/pipelines?per_page=100`, { headers: { 'PRIVATE-TOKEN': token } });
  const parents = await answer.json();
  const bridges = await Promise.all(parents.map(async ({ id }) => (await fetch(`${base}/forge/api/v4/projects/dtaas%2Fadmin/pipelines/${id}/bridges`, { headers: { 'PRIVATE-TOKEN': token } })).json()));
  return parents.map(({ id, status }, n) => [id, status, ...bridges[n].flatMap((bridge) => [bridge.status, bridge.downstream_pipeline?.status ?? 'no child'])]);
};
const open = (all) => all.filter(([, ...states]) => !states.every((state) => FINAL.test(state)));

test('runs that nobody waited for are made whole', async () => {
  test.setTimeout(120_000);
  const token = own.token('admin');
  for (let n = 0; n < 30; n += 1) await ask(own.url, token, 1 + n);
  await expect.poll(async () => open(await runs(own.url, token)), { timeout: 90_000 }).toEqual([]);
  expect((await runs(own.url, token)).length).toBeGreaterThan(5);
});

test('runs that were being made when the server was killed go on at its next start', async () => {
  test.setTimeout(180_000);
  const token = own.token('admin');
  const address = new URL(own.url).host;
  process.kill(own.pid, 'SIGKILL');
  own.stop = async () => {};
  await new Promise((done) => { setTimeout(done, 500); });
  for (let turn = 0; turn < 3; turn += 1) {
    const child = spawn(own.binary, ['serve', '--data', own.data, '--listen', address], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((done) => { child.stdout.once('data', done); });
    const asking = Promise.all(Array.from({ length: 12 }, () => ask(own.url, token, 5_000)));
    await new Promise((done) => { setTimeout(done, 40 + turn * 60); });
    const ended = new Promise((done) => { child.once('exit', done); });
    child.kill('SIGKILL');
    await Promise.all([asking, ended]);
  }
  const last = spawn(own.binary, ['serve', '--data', own.data, '--listen', address], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((done) => { last.stdout.once('data', done); });
  own.stop = async () => { const ended = new Promise((done) => { last.once('exit', done); }); last.kill('SIGTERM'); await ended; };
  await expect.poll(async () => open(await runs(own.url, token)), { timeout: 120_000 }).toEqual([]);
});
