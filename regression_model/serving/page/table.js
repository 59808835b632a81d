/** The predicted rows of a file, page by page, with a filter for the rows that have problems. */

import { count, h } from './dom.js';
import { writer } from './format.js';

const ON_A_PAGE = 50;

export class Table {
  constructor(schema, data, results, openRow, download) {
    Object.assign(this, { data, results, openRow, page: 0 });
    // `reduce`, as a hundred thousand arguments are too many for Math.max.
    const size = results.reduce((most, one) => Math.max(most, Math.abs(one.prediction ?? 0)), 0);
    this.write = writer(schema.target?.unit, size);
    this.all = results.map((_, at) => at);
    this.noted = this.all.filter((at) => results[at].problems.length);
    this.shown = this.all;
    this.box = h('input', { type: 'checkbox', id: 'only-problems', onchange: () => this.turn(0) });
    this.where = h('p', { class: 'small muted', role: 'status' });
    this.back = h('button', { type: 'button', onclick: () => this.turn(this.page - 1) }, 'Previous');
    this.next = h('button', { type: 'button', onclick: () => this.turn(this.page + 1) }, 'Next');
    this.body = h('tbody');
    const columns = ['Row', 'Prediction', 'Interval', 'Problems'];
    this.node = h('div', {},
      h('div', { class: 'tools' },
        h('div', { class: 'buttons' }, h('button', { type: 'button', class: 'primary', onclick: download }, 'Download as CSV')),
        this.noted.length ? h('label', { class: 'check' }, this.box, `Only the ${count(this.noted.length, 'row')} with problems`) : ''),
      h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Predicted rows' },
        h('table', { class: this.noted.length ? 'rows with-problems' : 'rows' },
          h('caption', { class: 'unseen' }, `Predicted rows of ${data.name}`),
          h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)), data.names.map((name) => h('th', { scope: 'col' }, name)))),
          this.body)),
      h('nav', { class: 'pager', 'aria-label': 'Pages of rows' }, this.back, this.where, this.next));
    this.turn(0);
  }

  turn(page) {
    this.shown = this.box.checked ? this.noted : this.all;
    const pages = Math.max(1, Math.ceil(this.shown.length / ON_A_PAGE));
    this.page = Math.min(Math.max(0, page), pages - 1);
    const first = this.page * ON_A_PAGE;
    const rows = this.shown.slice(first, first + ON_A_PAGE);
    this.body.replaceChildren(...rows.map((at) => this.row(at)));
    this.where.textContent = `Rows ${(first + 1).toLocaleString()} to ${(first + rows.length).toLocaleString()} of ${this.shown.length.toLocaleString()}`;
    this.back.disabled = this.page === 0;
    this.next.disabled = this.page === pages - 1;
  }

  row(at) {
    const { prediction, lower, upper, problems } = this.results[at];
    const wrong = problems.some((one) => one.severity === 'error');
    const named = new Map(problems.map((one) => [one.field, one.severity]));
    const open = h('button', { type: 'button', class: 'plain', title: 'Open in the form', 'aria-label': `Open row ${at + 1} in the form`, onclick: () => this.openRow(at) }, String(at + 1));
    return h('tr', { class: wrong || prediction === null ? 'is-error' : problems.length ? 'is-warning' : null },
      h('th', { scope: 'row' }, open),
      h('td', { class: 'number strong' }, prediction === null ? 'None' : this.write(prediction)),
      h('td', { class: 'number' }, prediction === null ? '' : `${this.write(lower)} – ${this.write(upper)}`),
      h('td', { class: 'messages' }, problems.map((one) => h('p', {}, `${one.severity === 'error' ? 'Error: ' : 'Note: '}${one.message}`))),
      this.data.names.map((name, place) => h('td', { class: named.has(name) ? `cell-${named.get(name)}` : null }, this.data.rows[at][place] ?? '')));
  }
}
