// Draws series with uPlot, in the colours of the page, and again when its size or theme changes.
import uPlot from './uplot.js';

// Its stylesheet comes with it, and stays.
const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL('uplot.css', import.meta.url).href });
await new Promise((resolve) => { sheet.onload = sheet.onerror = resolve; document.head.append(sheet); });

const COLOURS = ['--plot-1', '--plot-2', '--plot-3', '--plot-4', '--plot-5', '--plot-6'];

function options(element, names) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  // uPlot draws on a canvas, which needs colours and not light-dark() pairs: the browser resolves them.
  const probe = document.createElement('span');
  element.append(probe);
  const resolve = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color || colour(name);
  };
  const ink = resolve('--ink-2');
  // The same column of two runs ("x, run 4") has one colour; the second run is dashed.
  const column = (label) => label.replace(/, run \d+$/, '');
  const columns = [...new Set(names.slice(1).map(column))];
  const lines = names.slice(1).map((label, index) => {
    const place = columns.indexOf(column(label));
    const second = names.slice(1, index + 1).some((other) => column(other) === column(label));
    return { label, stroke: resolve(COLOURS[place % COLOURS.length]), width: 1.5, dash: second || place >= COLOURS.length ? [6, 4] : undefined, points: { show: false }, spanGaps: true };
  });
  const grid = { stroke: resolve('--line'), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: '12px system-ui, sans-serif' };
  probe.remove();
  return {
    width: element.clientWidth, height: Math.max(220, Math.min(360, element.clientWidth * 0.5)),
    scales: { x: { time: false } }, axes: [{ ...axis, label: names[0], labelFont: '12px system-ui, sans-serif' }, { ...axis, size: 60 }],
    series: [{ label: names[0] }, ...lines], cursor: { drag: { x: true, y: false } },
  };
}

export function draw(element, names, columns) {
  let plot = null;
  const make = () => {
    plot?.destroy();
    plot = new uPlot(options(element, names), columns.map((values) => Array.from(values, (value) => (Number.isNaN(value) ? null : value))), element);
  };
  make();
  let width = element.clientWidth;
  const sizes = new ResizeObserver(() => {
    if (!element.isConnected) return sizes.disconnect();
    if (element.clientWidth !== width) {
      width = element.clientWidth;
      make();
    }
  });
  sizes.observe(element);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => element.isConnected && make());
  new MutationObserver(() => element.isConnected && make()).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
}
