// A log in a Web Worker: the page sends bytes and what it looks at, and gets the rows it shows.
//
// In:  {push: Uint8Array} {reset} {view: {first, count, end}} {toggle: line} {foldAll: bool}
//      {search: {text, regex, exact}} {go: {number | line}} {digest} {copy: line} {blob}
// Out: {rows, first, total, lines, bytes}  {found: {total, lines, part, error, grown}}  {gone: {row, line, number}}
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
/// What is searched for, what was found, and the first line that is to be looked at again.
let search = null;
/// Milliseconds after which lines that were written meanwhile are searched too.
const GROW = 1000;
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
    if (search) later(search);
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

/// Calls `each` with every piece of text and its first line, from a line on, unless a newer search begins.
async function walk(kind, from, each) {
  const own = ++turns[kind];
  let line = from;
  while (line < engine.lines()) {
    // Text and count belong together: what was pushed meanwhile is settled first.
    engine.settle();
    const text = engine.text(line, SLICE);
    each(text, line);
    const next = engine.next();
    // Nothing can come between here and whoever waits for the end.
    if (next <= line || next >= engine.lines()) return true;
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

function find(wish) {
  turns.search += 1;
  clearTimeout(search?.timer);
  search = null;
  if (wish.text === '') return;
  try {
    search = { wish, expression: pattern(wish), lines: [], total: 0, from: 0, tail: 0, grown: false, busy: false };
  } catch (error) {
    return postMessage({ found: { total: 0, lines: new Uint32Array(), part: 1, error: String(error.message), grown: false } });
  }
  return look(search);
}

function later(own) {
  own.timer ??= setTimeout(() => look(own).catch(fail), GROW);
}

/// Out of memory, most likely: what is shown stays, and the page says that no more comes.
const fail = (error) => postMessage({ broken: String(error.message ?? error) });

/// Searches what was not searched yet. The last line may still grow, and is looked at again.
async function look(own) {
  own.timer = undefined;
  own.again = own.busy;
  if (own !== search || own.busy) return;
  own.busy = true;
  let [last, sent, before] = [-1, performance.now(), own.total];
  while (own.lines.length && own.lines[own.lines.length - 1] >= own.from) own.lines.pop();
  own.total -= own.tail;
  own.tail = 0;
  const tell = (part) => postMessage({ found: { total: own.total, lines: Uint32Array.from(own.lines), part, error: null, grown: own.grown } });
  const whole = await walk('search', own.from, (text, first) => {
    matches(text, own.expression, first, (line) => {
      // A match of nothing behind the last line end is on no line.
      if (line >= engine.lines()) return;
      own.total += 1;
      own.tail = line === last ? own.tail + 1 : 1;
      last = line;
      if (own.lines.length < MOST && own.lines[own.lines.length - 1] !== line) own.lines.push(line);
    });
    if (performance.now() - sent > 250) {
      sent = performance.now();
      tell(own.grown ? 1 : engine.next() / engine.lines());
    }
  });
  own.busy = false;
  if (!whole) return;
  const end = Math.max(0, engine.lines() - 1);
  if (last < end) own.tail = 0;
  own.from = end;
  if (!own.grown || own.total !== before) tell(1);
  own.grown = true;
  if (own.again) later(own);
}

/// Lines that look like trouble, alike ones counted together, in the order of their first.
async function digest() {
  const kinds = new Map();
  const expression = new RegExp(TROUBLE.source, 'gim');
  const whole = await walk('digest', 0, (text, first) => {
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
    turns.digest += 1;
    postMessage({ found: { total: 0, lines: new Uint32Array(), part: 1, error: null, grown: true } });
    if (search) find(search.wish);
    show();
  },
  view: (wish) => { view = wish; if (!dirty) draw(); },
  toggle: (line) => { engine.toggle(line); draw(); },
  foldAll: (fold) => { engine.fold_all(fold); draw(); },
  search: find,
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
    fail(error);
  }
};
