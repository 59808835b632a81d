/** The answer beside the form: predictions, what is wrong, what moved them, what was assumed. */

import { $, count, h, say } from './dom.js';
import { drawBars, drawRange } from './drawings.js';
import { writePercent, writer, writeShare, writeValue } from './format.js';

const MOST_BARS = 10;

const letters = (results) => results.map((_, place) => 'AB'[place]);

export class Answer {
  constructor(schema, form) {
    this.target = schema.target ?? {};
    this.level = schema.interval_level ?? null;
    this.fields = new Map(schema.fields.map((field) => [field.name, field]));
    this.form = form;
    this.results = [];
    this.explained = null;
    let width = 0;
    // The drawings are as wide as there is room: drawn again when that changes.
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.round(contentRect.width) === width) return;
      width = Math.round(contentRect.width);
      this.draw();
      this.drawWhy();
    }).observe($('result'));
  }

  get width() { return Math.max(160, $('result').clientWidth); }

  writer(options) {
    const sizes = this.results.flatMap((one) => [one.prediction, one.lower, one.upper]).filter((one) => one !== null).map(Math.abs);
    return writer(this.target.unit, Math.max(0, ...sizes), options);
  }

  /** Shows the results of row A and, if they are compared, row B. */
  show(results, problems) {
    this.results = results;
    this.draw();
    this.list(results, problems);
    const write = this.writer();
    const [first] = results;
    const words = results.map((one, at) => (results.length > 1 ? `row ${'AB'[at]} ` : '') + (one.prediction === null ? 'no prediction' : write(one.prediction)));
    say(results.length > 1 ? `Predictions: ${words.join(', ')}` : first.prediction === null ? 'No prediction: see the problems.' : `Prediction ${words[0]}, ${this.interval(first, write)}`);
    $('bottom').hidden = false;
    $('bottom-value').textContent = results.map((one, at) => (results.length > 1 ? `${'AB'[at]} ` : '') + (one.prediction === null ? 'no prediction' : write(one.prediction))).join(' · ');
  }

  interval(one, write) {
    return `${this.level === null ? 'interval' : `${writePercent(this.level)} interval`} ${write(one.lower)} to ${write(one.upper)}`;
  }

  draw() {
    const { results } = this;
    if (!results.length) return;
    const write = this.writer();
    const two = results.length > 1;
    const nodes = results.map((one, at) => h('div', { class: `figure row-${'ab'[at]}` },
      two ? h('h3', { class: 'badge' }, h('span', { class: 'unseen' }, 'Row '), letters(results)[at]) : '',
      one.prediction === null ? h('p', { class: 'value none' }, 'No prediction')
        : h('p', { class: 'value' }, h('data', { value: String(one.prediction) }, write(one.prediction))),
      one.prediction === null ? '' : h('p', { class: 'interval-text muted' }, this.interval(one, write))));
    const typical = this.explained?.find((one) => one && one.base !== null)?.base ?? null;
    const difference = two && results.every((one) => one.prediction !== null) ? this.difference(results) : '';
    const drawn = results.some((one) => one.prediction !== null)
      ? drawRange(this.width, results, typical, results.map((one, at) => `${two ? `Row ${'AB'[at]}: ` : ''}${one.prediction === null ? 'no prediction' : `${write(one.prediction)}, ${this.interval(one, write)}`}`).join('; ')) : '';
    const legend = drawn && typical !== null ? h('p', { class: 'small muted legend' }, h('span', { class: 'dash', 'aria-hidden': 'true' }), ` Average prediction: ${write(typical)}`) : '';
    $('result').replaceChildren(h('div', { class: two ? 'two' : '' }, nodes), difference, drawn, legend);
  }

  difference([a, b]) {
    const by = b.prediction - a.prediction;
    const size = Math.abs(by);
    const share = a.prediction > 0 ? ` (${writeShare(size / a.prediction)})` : '';
    const write = writer(this.target.unit, Math.max(size, Math.abs(a.prediction) / 100));
    const words = by === 0 ? 'the same' : `${write(size)}${share} ${by > 0 ? 'more' : 'less'}`;
    return h('p', { class: 'difference' }, 'B is ', h('data', { value: String(by) }, words), by === 0 ? ' as A' : ' than A');
  }

  /** Lists the problems, each with a way to its field. */
  list(results, problems) {
    const two = results.length > 1;
    const items = [
      ...problems.map((one) => ({ ...one, row: 'a', shown: one.message })),
      ...results.flatMap((one, at) => one.problems.map((problem) => ({ ...problem, row: 'ab'[at], shown: (two ? `Row ${'AB'[at]}: ` : '') + problem.message }))),
    ];
    const wrong = items.filter((one) => one.severity === 'error').length;
    const item = (one) => h('li', {}, this.form.entries.has(one.field)
      ? h('a', { href: '#form', onclick: (event) => { event.preventDefault(); event.stopPropagation(); this.form.focus(one.field, one.row); } }, one.shown) : one.shown);
    $('summary').replaceChildren(...(items.length ? [h('div', { class: `notice ${wrong ? 'is-error' : 'is-warning'}` },
      h('h3', {}, wrong ? `${count(wrong, 'problem')} to correct` : `${count(items.length, 'note')} on this row`), h('ul', {}, items.map(item)))] : []));
    const names = [...new Set(results.flatMap((one) => one.assumed ?? []))];
    const wasOpen = $('assumed').querySelector('details')?.open;
    $('assumed').replaceChildren(...(names.length ? [h('details', { open: wasOpen },
      h('summary', {}, `${count(names.length, 'field')} assumed`),
      h('p', { class: 'small muted' }, 'They are empty, and the model takes what training learnt for them.'),
      h('ul', { class: 'assumed' }, names.map((name) => h('li', {}, h('span', { class: 'name' }, name), this.assumedValue(name)))))] : []));
  }

  assumedValue(name) {
    const values = this.explained?.find((one) => one?.assumed?.includes(name))?.values ?? {};
    return name in values && values[name] !== null ? `: ${writeValue(this.fields.get(name), values[name])}` : '';
  }

  /** Shows why, for one row; for two, where their difference comes from. */
  explain(explained) {
    this.explained = explained;
    this.draw();
    this.drawWhy();
    for (const item of $('assumed').querySelectorAll('li')) {
      const name = item.firstChild.textContent;
      item.replaceChildren(item.firstChild, this.assumedValue(name));
    }
  }

  drawWhy() {
    const known = this.explained?.length && this.explained.every((one) => one && one.prediction !== null);
    $('why').hidden = !known;
    if (!known) return;
    const [a, b] = this.explained;
    const amounts = Object.keys(a.contributions).map((name) => ({
      name, amount: b ? b.contributions[name] - a.contributions[name] : a.contributions[name],
      value: [...new Set(this.explained.map((one) => writeValue(this.fields.get(name), one.values?.[name])))].join(' → '),
    })).filter((one) => one.amount !== 0).sort((one, other) => Math.abs(other.amount) - Math.abs(one.amount));
    const write = writer(this.target.unit, Math.abs(amounts[0]?.amount ?? 0), { sign: true });
    const shown = amounts.slice(0, amounts.length > MOST_BARS + 1 ? MOST_BARS : MOST_BARS + 1);
    const rest = amounts.slice(shown.length);
    const bars = shown.map((one) => ({ ...one, text: write(one.amount) }));
    if (rest.length) {
      const sum = rest.reduce((total, one) => total + one.amount, 0);
      bars.push({ name: `${rest.length} other fields`, value: '', amount: sum, text: write(sum) });
    }
    const plain = writer(this.target.unit, a.prediction);
    $('why-heading').textContent = b ? 'What makes the difference' : 'What moved it';
    const from = b ? `From row A (${plain(a.prediction)}) to row B (${plain(b.prediction)}).` : `From the average prediction (${plain(a.base)}) to this one (${plain(a.prediction)}).`;
    const label = `Bar chart. ${from} ${bars.slice(0, 3).map((one) => `${one.name} ${one.text}`).join(', ')}. All are in the table below.`;
    const wasOpen = $('chart').querySelector('details')?.open;
    $('chart').replaceChildren(
      h('p', { class: 'small muted' }, amounts.length ? from : 'Nothing: no field has another influence.'),
      drawBars(this.width, bars, label),
      h('details', { open: wasOpen }, h('summary', {}, 'As a table'), h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'What moved it, as a table' },
        h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Field'), h('th', { scope: 'col' }, 'Value'), h('th', { scope: 'col', class: 'number' }, 'Moved by'))),
          h('tbody', {}, amounts.map((one) => h('tr', {}, h('th', { scope: 'row' }, one.name), h('td', {}, one.value), h('td', { class: 'number' }, write(one.amount)))))))));
  }

  /** Says why there is no answer, with a button that asks again. */
  fail(message, retry) {
    $('summary').replaceChildren(h('div', { class: 'notice is-error', role: 'alert' }, h('p', {}, message), h('button', { type: 'button', onclick: retry }, 'Try again')));
  }
}
