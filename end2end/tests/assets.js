// Assets to try things on: a co-simulation of two FMUs, made here, in a project of the forge.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const variable = ([name, causality, type, unit, start]) =>
  `<ScalarVariable name="${name}" causality="${causality}"><${type}${unit ? ` unit="${unit}"` : ''}${start === undefined ? '' : ` start="${start}"`}/></ScalarVariable>`;

// An FMU of FMI 2, as bytes; `variables` are [name, causality, type, unit, start].
export function fmu(name, variables, platform = 'linux64') {
  const folder = mkdtempSync(join(tmpdir(), 'fmu-'));
  const xml = `<?xml version="1.0"?><fmiModelDescription fmiVersion="2.0" modelName="${name}" guid="{1}" generationTool="Test bench" description="The ${name} of the test"><CoSimulation modelIdentifier="${name}"/><ModelVariables>${variables.map(variable).join('')}</ModelVariables></fmiModelDescription>`;
  const script = "import sys,zipfile\nwith zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED) as z:\n z.writestr('modelDescription.xml',sys.argv[2])\n z.writestr('binaries/'+sys.argv[3]+'/'+sys.argv[4]+'.so',b'binary')";
  const file = join(folder, `${name}.fmu`);
  execFileSync('python3', ['-c', script, file, xml, platform, name]);
  return readFileSync(file);
}

export const tank = () => fmu('tank', [['valve', 'input', 'Boolean', null, false], ['level', 'output', 'Real', 'm'], ['area', 'parameter', 'Real', 'm2', 2]]);
export const control = () => fmu('control', [['level', 'input', 'Real', 'm', 0], ['valve', 'output', 'Boolean'], ['limit', 'parameter', 'Real', 'm', 1.5]], 'win64');

export const cosim = (path) =>
  JSON.stringify({ fmus: { '{t}': `${path}tank.fmu`, '{c}': `${path}control.fmu` }, connections: { '{t}.tank.level': ['{c}.ctrl.level'], '{c}.ctrl.valve': ['{t}.tank.valve'] }, parameters: { '{t}.tank.area': 2.5 } }, null, 2);

// One commit to a project of a forge; files are path to text or bytes, or nothing to delete.
export async function commit(api, token, project, files, message = 'Prepare the test', action = 'create') {
  const one = ([path, content]) => ({
    action: content === null ? 'delete' : action, file_path: path, execute_filemode: path.includes('/lifecycle/'),
    ...(content === null ? {} : Buffer.isBuffer(content) ? { content: content.toString('base64'), encoding: 'base64' } : { content }),
  });
  // A connection that was idle while files were made may have been closed without our noticing.
  const send = (options) => fetch(`${api}/projects/${encodeURIComponent(project)}/repository/commits`, options).catch(() => fetch(`${api}/projects/${encodeURIComponent(project)}/repository/commits`, options));
  const answer = await send({
    method: 'POST', headers: { 'PRIVATE-TOKEN': token, 'Content-Type': 'application/json' },
    body: JSON.stringify({ branch: 'main', commit_message: message, actions: Object.entries(files).map(one) }),
  });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  return (await answer.json()).id;
}

export async function ask(api, token, path) {
  const answer = await fetch(`${api}${path}`, { headers: { 'PRIVATE-TOKEN': token } });
  return answer.headers.get('content-type')?.includes('json') ? answer.json() : answer.text();
}

// The git tree of a folder of a project.
export async function tree(api, token, project, path) {
  const [folder, name] = [path.split('/').slice(0, -1).join('/'), path.split('/').pop()];
  const entries = await ask(api, token, `/projects/${encodeURIComponent(project)}/repository/tree?per_page=100&ref=main&path=${encodeURIComponent(folder)}`);
  return Array.isArray(entries) ? entries.find((entry) => entry.name === name)?.id : undefined;
}

// A job of the person's project that has run `script`, on a branch of its own; the address of its log.
export async function job(page, server, branch, script) {
  const headers = { 'PRIVATE-TOKEN': server.token('admin') };
  const content = `job:\n  script:\n${script.map((line) => `    - ${JSON.stringify(line)}\n`).join('')}`;
  const project = `${server.api}/projects/dtaas%2Fadmin`;
  await page.request.post(`${project}/repository/commits`, {
    headers, data: { branch, start_branch: 'main', commit_message: branch, actions: [{ action: 'update', file_path: '.gitlab-ci.yml', content }] },
  });
  for (const end = Date.now() + 40_000; Date.now() < end; await new Promise((done) => setTimeout(done, 200))) {
    const [run] = await (await page.request.get(`${project}/pipelines?ref=${branch}`, { headers })).json();
    const jobs = run ? await (await page.request.get(`${project}/pipelines/${run.id}/jobs`, { headers })).json() : [];
    if (/success|failed/.test(jobs[0]?.status)) return `/i/local/runs/private/${jobs[0].pipeline.id}/${jobs[0].id}`;
  }
  throw new Error(`the job of ${branch} did not end`);
}
