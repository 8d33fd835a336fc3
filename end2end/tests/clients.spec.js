// Other clients do their everyday work: git pushes a twin, and it runs from the browser.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, signIn, test } from './server.js';

test('a twin that was pushed with git runs from the browser', async ({ page, server }) => {
  server.run('user', 'add', 'carol');
  const token = server.token('carol');
  const folder = join(mkdtempSync(join(tmpdir(), 'clone-')), 'carol');
  const git = (...words) => execFileSync('git', ['-C', folder, '-c', 'user.name=Carol', '-c', 'user.email=carol@lab.test', ...words], { encoding: 'utf8', stdio: 'pipe' });
  const remote = `${server.url.replace('://', `://git:${token}@`)}/forge/dtaas/carol.git`;
  execFileSync('git', ['clone', '--quiet', remote, folder]);
  cpSync(join(folder, 'digital_twins/hello-world'), join(folder, 'digital_twins/pushed'), { recursive: true });
  const child = join(folder, 'digital_twins/pushed/.gitlab-ci.yml');
  writeFileSync(child, readFileSync(child, 'utf8').replaceAll('hello-world', 'pushed'));
  writeFileSync(join(folder, 'digital_twins/pushed/lifecycle/execute'), '#!/usr/bin/env bash\necho "from a pushed twin: ä ✓"\n');
  chmodSync(join(folder, 'digital_twins/pushed/lifecycle/execute'), 0o755);
  const parent = join(folder, '.gitlab-ci.yml');
  const block = `\ntrigger_pushed:\n  stage: triggers\n  trigger:\n    include: digital_twins/pushed/.gitlab-ci.yml\n  rules:\n    - if: '$DTName == "pushed"'\n      when: always\n  variables:\n    RunnerTag: $RunnerTag\n`;
  writeFileSync(parent, readFileSync(parent, 'utf8') + block);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Add a twin');
  git('push', '--quiet');
  await signIn(page, server, 'carol');
  await page.getByRole('link', { name: 'pushed' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.page-head').getByText('Passed')).toBeVisible({ timeout: 40_000 });
  await page.getByRole('navigation', { name: 'Jobs' }).getByRole('link', { name: /^execute/ }).click();
  await expect(page.getByText('from a pushed twin: ä ✓')).toBeVisible();
});

test('a twin whose file is broken says so', async ({ page, server }) => {
  const token = server.token('admin');
  const commit = (content) =>
    page.request.post(`${server.api}/projects/dtaas%2Fadmin/repository/commits`, {
      headers: { 'PRIVATE-TOKEN': token },
      data: { branch: 'main', commit_message: 'x', actions: [{ action: 'update', file_path: 'digital_twins/hello-world/.gitlab-ci.yml', content }] },
    });
  const before = await (await page.request.get(`${server.api}/projects/dtaas%2Fadmin/repository/files/digital_twins%2Fhello-world%2F.gitlab-ci.yml/raw`, { headers: { 'PRIVATE-TOKEN': token } })).text();
  expect((await commit('execute: [')).status()).toBe(201);
  await signIn(page, server);
  await page.getByRole('link', { name: 'hello-world' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByText('The twin was not started.')).toBeVisible();
  await expect(page.getByText('Its CI file has an error')).toBeVisible();
  expect((await commit(before)).status()).toBe(201);
});
