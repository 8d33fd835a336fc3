// A panel of series that may be long or alive: what is drawn is decimated to the width of the picture, of
// each column the smallest and the largest value, so that no peak is lost and a million points stay quick.
import uPlot from './uplot.js';

const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL('uplot.css', import.meta.url).href });
await new Promise((resolve) => { sheet.onload = sheet.onerror = resolve; document.head.append(sheet); });

const COLOURS = ['--plot-1', '--plot-2', '--plot-3', '--plot-4', '--plot-5', '--plot-6'];
// Points of a living series that are kept; then the older ones are decimated.
const MOST = 200_000;

// The first place in `x` that is not below `value`.
function first(x, length, value) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The points of a series from `from` to `to`, at most four for each of `columns`: the first, the smallest, the
// largest and the last of each, in their order.
export function decimate(x, y, length, from, to, columns) {
  const start = Math.max(first(x, length, from) - 1, 0);
  const end = Math.min(first(x, length, to) + 1, length);
  if (end - start <= columns * 4) return [x.subarray(start, end), y.subarray(start, end)];
  const [outX, outY] = [[], []];
  const put = (place) => {
    if (outX[outX.length - 1] === x[place] && outY[outY.length - 1] === y[place]) return;
    outX.push(x[place]);
    outY.push(y[place]);
  };
  const width = (x[end - 1] - x[start]) / columns || 1;
  let place = start;
  for (let column = 1; place < end; column++) {
    const edge = column >= columns ? Infinity : x[start] + column * width;
    const begin = place;
    let [least, most] = [place, place];
    while (place < end && x[place] <= edge) {
      if (y[place] < y[least]) least = place;
      else if (y[place] > y[most]) most = place;
      place++;
    }
    if (place === begin) continue;
    for (const at of [begin, Math.min(least, most), Math.max(least, most), place - 1]) put(at);
  }
  return [outX, outY];
}

// Several series on one axis: every place that any of them has, with nothing where another has none.
function aligned(list) {
  if (list.length === 1) return [list[0][0], list[0][1]];
  const shared = list.every(([x]) => x.length === list[0][0].length && x.every((value, place) => value === list[0][0][place]));
  return shared ? [list[0][0], ...list.map(([, y]) => y)] : uPlot.join(list.map(([x, y]) => [Array.from(x), Array.from(y)]));
}

class Series {
  constructor() {
    [this.x, this.y, this.length] = [new Float64Array(0), new Float64Array(0), 0];
  }

  set(x, y) {
    [this.x, this.y, this.length] = [x, y, Math.min(x.length, y.length)];
  }

  push(x, y) {
    if (this.length >= MOST) {
      const [keptX, keptY] = decimate(this.x, this.y, this.length, -Infinity, Infinity, MOST / 10);
      this.set(Float64Array.from(keptX), Float64Array.from(keptY));
    }
    if (this.length === this.x.length) {
      const grow = (old) => { const larger = new Float64Array(Math.max(1024, old.length * 2)); larger.set(old.subarray(0, this.length)); return larger; };
      [this.x, this.y] = [grow(this.x), grow(this.y)];
    }
    // A clock that was set back must not break the order.
    this.x[this.length] = this.length && x < this.x[this.length - 1] ? this.x[this.length - 1] : x;
    this.y[this.length++] = y;
  }
}

export class Panel {
  constructor(element, names, options) {
    [this.element, this.names, this.options] = [element, names, options];
    this.series = names.map(() => new Series());
    [this.plot, this.range, this.due, this.draws] = [null, null, 0, 0];
    this.sizes = new ResizeObserver(() => this.gone() || (element.clientWidth !== this.width && this.make()));
    this.sizes.observe(element);
    this.listening = new AbortController();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.gone() || this.make(), { signal: this.listening.signal });
    this.themes = new MutationObserver(() => this.gone() || this.make());
    this.themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    element.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    element.addEventListener('pointerdown', (event) => this.pan(event));
    element.panel = this;
  }

  gone() {
    // Whoever was there and is not any more lets go of all that it holds.
    if (!this.element.isConnected && this.plot) {
      this.sizes.disconnect();
      this.themes.disconnect();
      this.listening.abort();
      this.plot.destroy();
      [this.plot, this.series] = [null, this.names.map(() => new Series())];
    }
    return !this.element.isConnected;
  }

  colour(name) {
    const probe = document.createElement('span');
    this.element.append(probe);
    probe.style.color = `var(${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }

  extent() {
    const used = this.series.filter((series) => series.length);
    if (!used.length) return [0, 1];
    return [Math.min(...used.map((series) => series.x[0])), Math.max(...used.map((series) => series.x[series.length - 1]))];
  }

  visible() {
    const [from, to] = this.range ?? this.extent();
    const columns = Math.max(200, Math.round(this.element.clientWidth * Math.min(devicePixelRatio, 2)));
    return aligned(this.series.map((series) => decimate(series.x, series.y, series.length, from, to, columns)));
  }

  make() {
    this.plot?.destroy();
    this.width = this.element.clientWidth;
    const [ink, line] = [this.colour('--ink-2'), this.colour('--line')];
    const grid = { stroke: line, width: 1 };
    const axis = { stroke: ink, grid, ticks: grid, font: '12px system-ui, sans-serif' };
    const lines = this.names.map((label, index) => ({ label, stroke: this.colour(COLOURS[index % COLOURS.length]), width: 1.5, dash: index >= COLOURS.length ? [6, 4] : undefined, points: { show: false }, spanGaps: true }));
    const { time, unit, low, high, alarms = [] } = this.options;
    const warn = this.colour('--warn');
    const limits = (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      [ctx.strokeStyle, ctx.lineWidth] = [warn, devicePixelRatio];
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      for (const value of alarms) {
        const y = plot.valToPos(value, 'y', true);
        if (y < bbox.top || y > bbox.top + bbox.height) continue;
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
      }
      ctx.restore();
    };
    const range = low === undefined && high === undefined ? undefined : (_, min, max) => [low ?? min, high ?? max];
    this.plot = new uPlot(
      {
        width: this.width, height: Math.max(200, Math.min(320, this.width * 0.45)), ms: 1,
        scales: { x: { time: !!time }, y: { range } },
        axes: [axis, { ...axis, size: 64, label: unit || undefined, labelSize: 18, labelFont: '12px system-ui, sans-serif' }],
        series: [{ label: time ? 'Time' : (this.options.axis ?? 'x') }, ...lines],
        cursor: { sync: { key: this.options.sync }, drag: { x: true, y: false, setScale: false } },
        hooks: { draw: [limits], setSelect: [(plot) => plot.select.width > 4 && this.zoom(plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x'))] },
      },
      this.visible(),
      this.element,
    );
    this.plot.over.addEventListener('dblclick', () => this.zoom());
    if (this.range) this.plot.setScale('x', { min: this.range[0], max: this.range[1] });
    this.draws++;
  }

  // Draws once a frame, however often it is asked.
  soon() {
    if (this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      this.draw();
    });
  }

  draw() {
    if (this.gone()) return;
    if (!this.plot) return this.make();
    const [from, to] = this.range ?? this.extent();
    this.plot.batch(() => {
      this.plot.setData(this.visible(), false);
      this.plot.setScale('x', { min: from, max: to > from ? to : from + 1 });
      this.plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    });
    this.draws++;
  }

  // To a stretch of the axis, or back to all of it; panels that share a cursor go along.
  zoom(from, to) {
    this.range = from === undefined ? null : [from, to];
    for (const element of document.querySelectorAll('[data-panel]')) {
      const other = element.panel;
      if (other && other.options.sync === this.options.sync) {
        other.range = this.range;
        other.soon();
      }
    }
    this.soon();
  }

  wheel(event) {
    if (!this.plot || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const [from, to] = this.range ?? this.extent();
    const at = this.plot.posToVal(event.clientX - this.plot.over.getBoundingClientRect().left, 'x');
    const factor = event.deltaY < 0 ? 0.8 : 1.25;
    this.zoom(at - (at - from) * factor, at + (to - at) * factor);
  }

  pan(event) {
    if (!this.plot || !event.shiftKey || !this.plot.over.contains(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    const [from, to] = this.range ?? this.extent();
    const [began, width] = [event.clientX, this.plot.over.clientWidth];
    const move = (moved) => {
      const by = ((began - moved.clientX) / width) * (to - from);
      this.zoom(from + by, to + by);
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', () => removeEventListener('pointermove', move), { once: true });
  }

  // What is shown, as the text of a table.
  csv() {
    const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const columns = uPlot.join(this.series.map((series) => [Array.from(series.x.subarray(0, series.length)), Array.from(series.y.subarray(0, series.length))]));
    const rows = columns[0].map((x, place) => [x, ...columns.slice(1).map((column) => column[place] ?? '')].join(','));
    return [[this.options.time ? 'ms since 1970' : (this.options.axis ?? 'x'), ...this.names].map(quoted).join(','), ...rows].join('\n') + '\n';
  }
}

export function make(element, names, options) {
  return new Panel(element, names, JSON.parse(options));
}

export function set(panel, index, x, y) {
  panel.series[index].set(x, y);
  panel.soon();
}

export function push(panel, index, x, y) {
  panel.series[index].push(x, y);
  panel.soon();
}

// The last zoom, taken back.
export function whole(panel) {
  panel.zoom();
}

export function csv(panel) {
  return panel.csv();
}

export function picture(panel) {
  return panel.element.querySelector('canvas')?.toDataURL('image/png');
}

// All numbers that an expression finds in the lines of a text.
export function matches(text, pattern) {
  const expression = new RegExp(pattern);
  const found = [];
  for (const line of text.split('\n')) {
    // Colours are no part of what a line says.
    const match = expression.exec(line.replace(/\u001b\[[0-9;]*m/g, ''));
    if (match && match[1] !== undefined && Number.isFinite(Number(match[1]))) found.push(Number(match[1]));
  }
  return Float64Array.from(found);
}

// Follows lines of JSON from this server for as long as `hear` wants them, over broken connections.
export function follow(url, hear) {
  const stop = new AbortController();
  const tell = (line) => hear(line) || stop.abort();
  const run = async () => {
    let wait = 500;
    while (!stop.signal.aborted) {
      try {
        const answer = await fetch(url, { headers: { 'X-Twinport': '1' }, signal: stop.signal, cache: 'no-store' });
        if (!answer.ok) {
          const said = await answer.json().catch(() => ({}));
          tell(JSON.stringify({ trouble: said.message ?? `the server answered ${answer.status}` }));
          if (answer.status < 500) return;
        } else {
          wait = 500;
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          for (let rest = ''; ;) {
            const { value, done } = await reader.read();
            if (done) break;
            const lines = (rest + value).split('\n');
            rest = lines.pop();
            lines.forEach(tell);
          }
        }
      } catch {
        if (!stop.signal.aborted) tell(JSON.stringify({ trouble: 'this Twinport does not answer' }));
      }
      await new Promise((done) => setTimeout(done, wait));
      wait = Math.min(wait * 2, 10_000);
    }
  };
  run();
  return () => stop.abort();
}
