// A log in a Web Worker: the page sends bytes and what it looks at, and gets the rows it shows.
//
// In:  {push: Uint8Array} {reset} {view: {first, count, end}} {toggle: line} {foldAll: bool}
//      {search: {text, regex, exact}} {go: {number | line}} {digest} {copy: line} {blob}
// Out: {rows, first, total, lines, bytes}  {found: {total, lines, part, error}}  {gone: {row, line, number}}
//      {digest: [[line, number, count, text], …]}  {copied: text}  {blob, name}  {broken: why}
import init, { Engine } from './logengine.js';

/// Text that is searched before other messages have a turn.
const SLICE = 4 << 20;
/// Lines with matches that are remembered; all are counted.
const MOST = 100_000;
/// What most tools call their failures.
const TROUBLE = /\b(error|fatal|failed|failure|exception|traceback|panicked|segmentation fault|undefined reference)\b/i;

let engine;
let view = { first: 0, count: 60, end: true };
let dirty = false;
/// The search and the digest that count: newer ones end older ones of their kind.
const turns = { search: 0, digest: 0 };
const ready = init({ module_or_path: new URL('logengine_bg.wasm', import.meta.url) }).then(
  () => { engine = new Engine(false); },
  (error) => { postMessage({ broken: String(error.message ?? error) }); throw error; },
);

/// Sends what is looked at, once for everything that came in one go.
function show() {
  if (dirty) return;
  dirty = true;
  setTimeout(() => {
    dirty = false;
    engine.settle();
    draw();
  }, 0);
}

function draw() {
  const total = engine.rows();
  const first = view.end ? Math.max(0, total - view.count) : Math.min(view.first, total);
  postMessage({ rows: rows(engine.read(first, first + view.count)), first, total, lines: engine.lines(), bytes: engine.bytes() });
}

/// The rows of a flat list (`Engine::read`), each `[number, line, depth, leftOut, time, head, piece…]`.
function rows(flat) {
  const list = [];
  for (let at = 0; at < flat.length;) {
    const [pieces, number, line, depth, leftOut, time, folded] = flat.slice(at, at + 7);
    at += 7;
    const head = folded === null ? null : [folded, flat[at++]];
    list.push([number, line, depth, leftOut, time, head, ...flat.slice(at, at + 4 * pieces)]);
    at += 4 * pieces;
  }
  return list;
}

const turn = () => new Promise((resolve) => { setTimeout(resolve, 0); });

/// Calls `each` with every piece of text and its first line, unless a newer search begins.
async function walk(kind, each) {
  const own = ++turns[kind];
  let line = 0;
  while (line < engine.lines()) {
    const text = engine.text(line, SLICE);
    each(text, line);
    const next = engine.next();
    if (next <= line) return true;
    line = next;
    await turn();
    if (own !== turns[kind]) return false;
  }
  return true;
}

/// Calls `found` with the line of each match of `pattern` (which is global) in `text`.
function matches(text, pattern, first, found) {
  let line = first;
  // The next line end is looked for once, however many matches lie before it.
  let end = text.indexOf('\n');
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    for (; end !== -1 && end < match.index; end = text.indexOf('\n', end + 1)) line += 1;
    found(line, match);
    // A match of nothing would be found for ever.
    if (match[0] === '') pattern.lastIndex += 1;
  }
}

function pattern({ text, regex, exact }) {
  const source = regex ? text : text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(source, exact ? 'gm' : 'gim');
}

async function find(wish) {
  let expression;
  try {
    expression = pattern(wish);
  } catch (error) {
    turns.search += 1;
    return postMessage({ found: { total: 0, lines: new Uint32Array(), part: 1, error: String(error.message) } });
  }
  const lines = [];
  let total = 0;
  let sent = performance.now();
  const tell = (part) => postMessage({ found: { total, lines: Uint32Array.from(lines), part, error: null } });
  const whole = await walk('search', (text, first) => {
    matches(text, expression, first, (line) => {
      total += 1;
      if (lines.length < MOST && lines[lines.length - 1] !== line) lines.push(line);
    });
    if (performance.now() - sent > 250) {
      sent = performance.now();
      tell(engine.next() / engine.lines());
    }
  });
  if (whole) tell(1);
}

/// Lines that look like trouble, alike ones counted together, in the order of their first.
async function digest() {
  const kinds = new Map();
  const expression = new RegExp(TROUBLE.source, 'gim');
  const whole = await walk('digest', (text, first) => {
    const lines = [];
    matches(text, expression, first, (line, match) => {
      if (lines[lines.length - 1] === line) return;
      lines.push(line);
      const start = text.lastIndexOf('\n', match.index) + 1;
      const end = text.indexOf('\n', match.index);
      // The runner repeats each command before it runs it.
      if (text.startsWith('$ ', start)) return;
      const shown = text.slice(start, Math.min(end === -1 ? text.length : end, start + 300)).trim();
      const kind = shown.replace(/0x[0-9a-f]+|\d+/gi, '#');
      const known = kinds.get(kind);
      if (known) known[2] += 1;
      else if (kinds.size < 200) kinds.set(kind, [line, engine.number_of(line), 1, shown]);
    });
  });
  if (whole) postMessage({ digest: [...kinds.values()] });
}

const actions = {
  push: (bytes) => { engine.push(bytes); show(); },
  reset: () => {
    engine.free();
    engine = new Engine(false);
    turns.search += 1;
    turns.digest += 1;
    postMessage({ found: { total: 0, lines: new Uint32Array(), part: 1, error: null } });
    show();
  },
  view: (wish) => { view = wish; if (!dirty) draw(); },
  toggle: (line) => { engine.toggle(line); draw(); },
  foldAll: (fold) => { engine.fold_all(fold); draw(); },
  search: (wish) => (wish.text === '' ? (turns.search += 1) : find(wish)),
  digest,
  go: ({ number, line }) => {
    engine.settle();
    // A link may name a line that this log has not.
    const target = Math.min(line ?? engine.line_of(number), Math.max(0, engine.lines() - 1));
    const row = engine.reveal(target);
    // The rows first: what was folded away makes the log longer, and the page scrolls to where it is then.
    draw();
    postMessage({ gone: { row, line: target, number: engine.number_of(target) } });
  },
  copy: (line) => {
    const [from, to] = engine.section(line) ?? [line, line + 1];
    const out = [];
    for (let at = from; at < to; at = engine.next()) {
      const text = engine.text(at, SLICE).split('\n').slice(0, to - at);
      out.push(text.join('\n').replace(/\n$/, ''));
      if (engine.next() <= at) break;
    }
    postMessage({ copied: out.join('\n') });
  },
  blob: (name) => {
    const pieces = [];
    for (let piece = engine.piece(0); piece; piece = engine.piece(pieces.length)) pieces.push(piece);
    postMessage({ blob: new Blob(pieces, { type: 'text/plain;charset=utf-8' }), name });
  },
};

onmessage = async ({ data }) => {
  await ready;
  try {
    for (const [name, value] of Object.entries(data)) await actions[name]?.(value);
  } catch (error) {
    // Out of memory, most likely: what is shown stays, and the page says that no more comes.
    postMessage({ broken: String(error.message ?? error) });
  }
};
