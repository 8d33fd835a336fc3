// Many random assets, put into a twin on another backend and brought back: their git trees say whether
// every byte, name and mode is the same.
import { createHash } from 'node:crypto';

import { ask, commit, tree } from './assets.js';

// Numbers that are the same in every run.
export function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

const NAMES = ['plain.txt', 'über größe.md', '水槽.csv', 'a b c', 'deep/er/and deeper/x.json', '.hidden', 'quote\'s "here".txt', 'emoji 🌊.txt', 'run', 'bin.dat', 'UPPER', '%2F.txt', 'plus+sign', '#hash?.md', 'lifecycle/ausführen', 'lifecycle/data.bin', 'tools/lifecycle/x'];

// The files of one asset, no more than so many bytes each.
function files(random, name, big) {
  const found = {};
  const count = 2 + Math.floor(random() * 8);
  for (let number = 0; number < count; number += 1) {
    const path = NAMES[Math.floor(random() * NAMES.length)];
    const size = Math.floor(random() ** 4 * 20_000);
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size; at += 1) bytes[at] = random() < 0.5 ? 32 + Math.floor(random() * 90) : Math.floor(random() * 256);
    found[`models/${name}/${path}`] = bytes;
  }
  if (big) {
    const bytes = Buffer.alloc(big);
    for (let at = 0; at + 32 <= big; at += 32) createHash('sha256').update(`${name} ${at}`).digest().copy(bytes, at);
    found[`models/${name}/large.bin`] = bytes;
  }
  // Something that can be run.
  found[`models/${name}/lifecycle/start`] = Buffer.from('#!/bin/sh\necho\n');
  return found;
}

// `large` is the size of one file of one asset. Gives how many writes it took and how many trees are the same.
export async function roundtrip(page, fed, { count, large, seed = 7 }) {
  const [from, to] = [fed.aarhus, fed.polimi];
  const api = (one) => `${one.front.url}/forge/api/v4`;
  const [here, there] = [from.server.token('admin'), to.server.token('admin')];
  const random = numbers(seed);
  const names = Array.from({ length: count }, (_, number) => `tree-${number}`);
  let total = 0;
  for (let at = 0; at < count; at += 50) {
    const all = Object.assign({}, ...names.slice(at, at + 50).map((name) => files(random, name, name === 'tree-0' ? large : 0)));
    total += Object.keys(all).length;
    await commit(api(from), here, 'dtaas/common', all, 'Random trees');
  }
  const cart = names.map((name) => ({ instance: 'aarhus', asset: { owner: 'Common', kind: 'Model', name } }));
  await page.evaluate((cart) => localStorage.setItem('cart', JSON.stringify(cart)), cart);
  const writes = [];
  page.on('request', (request) => request.method() !== 'GET' && request.method() !== 'OPTIONS' && /\/api\/v4\//.test(request.url()) && writes.push(`${request.method()} ${request.url()}`));
  await page.goto(`${fed.url}/i/polimi/compose`);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('round-trip');
  const create = page.getByRole('button', { name: 'Create twin' });
  await page.waitForFunction(() => [...document.querySelectorAll('button')].some((button) => button.textContent === 'Create twin' && !button.disabled), null, { timeout: 300_000 });
  await create.click();
  await page.locator('.page-head').getByRole('heading', { name: 'round-trip' }).waitFor({ timeout: 300_000 });
  const composed = writes.length;
  const trees = async (one, token, project, folder) => {
    const found = new Map();
    for (let number = 1; ; number += 1) {
      const entries = await ask(api(one), token, `/projects/${encodeURIComponent(project)}/repository/tree?per_page=100&page=${number}&ref=main&path=${encodeURIComponent(folder)}`);
      entries.forEach((entry) => found.set(entry.name, entry.id));
      if (entries.length < 100) return found;
    }
  };
  const original = await trees(from, here, 'dtaas/common', 'models');
  const copied = await trees(to, there, 'dtaas/admin', 'digital_twins/round-trip/common/models');
  // And back, as one twin.
  await page.goto(`${fed.url}/i/polimi/twins/private/round-trip?tab=use`);
  await page.getByLabel('Where to').selectOption({ label: 'Your project on Aarhus DTaaS' });
  const send = page.getByRole('button', { name: 'Copy it there' });
  await send.waitFor();
  await send.click();
  await page.waitForURL(`${fed.url}/i/aarhus/twins/private/round-trip`, { timeout: 300_000 });
  const whole = [await tree(api(to), there, 'dtaas/admin', 'digital_twins/round-trip'), await tree(api(from), here, 'dtaas/admin', 'digital_twins/round-trip')];
  const back = await trees(from, here, 'dtaas/admin', 'digital_twins/round-trip/common/models');
  const same = names.filter((name) => original.get(name) && original.get(name) === copied.get(name) && copied.get(name) === back.get(name));
  return { writes: composed, files: total, identical: same.length, whole: Boolean(whole[0]) && whole[0] === whole[1] };
}
