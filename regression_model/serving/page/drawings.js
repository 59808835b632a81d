/** The drawings: predictions with their intervals on one axis, and bars of what moved them. */

import { svg } from './dom.js';

const HIGH = 26; // pixels of one interval
const BAR = 44; // pixels of one bar with its words
const LETTER = 8.3; // pixels of a bold one, about

/** Draws intervals under each other; `typical` is marked where it is known. */
export function drawRange(width, results, typical, label) {
  const known = results.filter((one) => one.prediction !== null);
  const ends = known.flatMap((one) => [one.lower, one.upper, one.prediction]).concat(typical ?? []);
  const low = Math.min(...ends);
  const room = (Math.max(...ends) - low || 1) * 0.04;
  const at = (value) => 8 + ((value - low + room) / (Math.max(...ends) - low + 2 * room || 1)) * (width - 16);
  const rows = results.map((one, place) => {
    const y = place * HIGH + HIGH / 2 + 2;
    if (one.prediction === null) return '';
    return svg('g', { class: `row-${'ab'[place]}` },
      svg('rect', { class: 'interval', x: at(one.lower), y: y - 5, width: Math.max(2, at(one.upper) - at(one.lower)), height: 10, rx: 5 }),
      svg('circle', { class: 'point', cx: at(one.prediction), cy: y, r: 7 }));
  });
  const height = results.length * HIGH + 4;
  return svg('svg', { class: 'range', role: 'img', 'aria-label': label, width, height, viewBox: `0 0 ${width} ${height}` },
    svg('line', { class: 'axis', x1: 0, x2: width, y1: height - 1, y2: height - 1 }),
    typical === null ? '' : svg('line', { class: 'typical', x1: at(typical), x2: at(typical), y1: 0, y2: height }), rows);
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text);

/** Draws one bar for each [name, value, amount, text], to the left or right of nothing. */
export function drawBars(width, bars, label) {
  const most = Math.max(0, ...bars.map((bar) => bar.amount));
  const least = Math.min(0, ...bars.map((bar) => bar.amount));
  const scale = (width - 2) / (most - least || 1);
  const zero = 1 - least * scale;
  const height = bars.length * BAR;
  return svg('svg', { class: 'bars', role: 'img', 'aria-label': label, width, height, viewBox: `0 0 ${width} ${height}` },
    bars.map((bar, place) => {
      const y = place * BAR;
      const long = Math.abs(bar.amount) * scale;
      const letters = Math.floor((width - bar.text.length * 8.5 - 24) / LETTER);
      const name = shortened(bar.name, letters);
      const value = shortened(bar.value ?? '', letters - name.length - 2);
      return svg('g', {},
        svg('text', { x: 0, y: y + 15 }, svg('tspan', { class: 'name' }, name), letters - name.length > 4 && value ? svg('tspan', { class: 'value', dx: 8 }, value) : ''),
        svg('text', { x: width, y: y + 15, 'text-anchor': 'end', class: 'amount' }, bar.text),
        svg('rect', { class: 'track', x: 0, y: y + 22, width, height: 10, rx: 2 }),
        svg('rect', { class: bar.amount < 0 ? 'down' : 'up', x: bar.amount < 0 ? zero - long : zero, y: y + 22, width: Math.max(1, long), height: 10, rx: 2 }),
        svg('line', { class: 'axis', x1: zero, x2: zero, y1: y + 19, y2: y + 35 }));
    }));
}
