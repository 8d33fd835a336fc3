// How quickly logs are read in V8: our engine as WebAssembly and two parsers from npm, same input,
// same process. Prints one JSON object: megabytes a second of each, medians of nine runs.
//
//   node bench/joblog.mjs FOLDER_OF_THE_ENGINE LOG MEGABYTES
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import Anser from 'anser';
import { AnsiUp } from 'ansi_up';

const [folder, file, megabytes] = process.argv.slice(2);
const { initSync, Engine } = await import(pathToFileURL(path.resolve(folder, 'logengine.js')));
initSync({ module: fs.readFileSync(path.join(folder, 'logengine_bg.wasm')) });

const once = fs.readFileSync(file);
const size = Number(megabytes) * 1e6;
const input = Buffer.alloc(size);
for (let at = 0; at < size; at += once.length) once.copy(input, at);
const PIECE = 256 * 1024;

function engine() {
  const log = new Engine(false);
  for (let at = 0; at < size; at += PIECE) log.push(input.subarray(at, at + PIECE));
  log.settle();
  const lines = log.lines();
  log.free();
  return lines;
}

// The others get text that is decoded already, and as whole lines: less work than ours.
const pieces = [];
const text = input.toString('utf8');
for (let at = 0; at < text.length;) {
  const end = text.indexOf('\n', at + PIECE) + 1 || text.length;
  pieces.push(text.slice(at, end));
  at = end;
}
// A viewer needs lines, and this parser knows none: it is given one at a time, as its users do.
const anser = () => pieces.reduce((sum, piece) => piece.split('\n').reduce((most, line) => most + Anser.ansiToJson(line).length, sum), 0);
const ansiUp = () => {
  const parser = new AnsiUp();
  return pieces.reduce((sum, piece) => sum + parser.ansi_to_html(piece).length, 0);
};

function speed(work) {
  const runs = [];
  for (let run = 0; run < 9; run += 1) {
    const begin = performance.now();
    if (!work()) throw new Error('nothing was read');
    runs.push(size / 1e3 / (performance.now() - begin));
  }
  return Math.round(runs.sort((a, b) => a - b)[4] * 10) / 10;
}

console.log(JSON.stringify({ wasm: speed(engine), anser: speed(anser), ansi_up: speed(ansiUp) }));
