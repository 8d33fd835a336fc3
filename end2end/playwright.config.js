// The browser tests: Chromium against the release binary, each file with a server of its own.
import { defineConfig } from '@playwright/test';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const chromium = process.env.CHROMIUM ? await which(process.env.CHROMIUM) : undefined;

async function which(name) {
  if (name.startsWith('/')) return name;
  const { accessSync } = await import('node:fs');
  for (const folder of (process.env.PATH ?? '').split(':')) {
    try {
      accessSync(`${folder}/${name}`);
      return `${folder}/${name}`;
    } catch {}
  }
  return undefined;
}

export default defineConfig({
  testDir: 'tests',
  workers: 2,
  // A machine that stands still for a minute fails a test that is right; what is wrong fails twice.
  retries: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: { launchOptions: { executablePath: chromium, args: flags }, viewport: { width: 1440, height: 900 } },
});
