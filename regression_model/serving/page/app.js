/** Starts the page: asks the service for its model, makes the form, and keeps the answer up to date. */

import { call } from './api.js';
import { Answer } from './answer.js';
import { $, count, debounced, h, say } from './dom.js';
import { FilePanel } from './file.js';
import { Form } from './form.js';
import { writePercent } from './format.js';
import * as share from './share.js';

const TYPING = 150; // milliseconds without a key before a prediction is asked for
const THINKING = 500; // and before an explanation is

/** Tells whether this is still the newest of the requests of its kind, and stops the one before. */
function newest() {
  let current = null;
  return () => {
    current?.abort();
    const mine = current = new AbortController();
    return { signal: mine.signal, is: () => current === mine };
  };
}

class Page {
  constructor(schema) {
    this.schema = schema;
    this.form = new Form($('form'), $('jump'), schema, () => this.changed());
    this.answer = new Answer(schema, this.form);
    this.predicting = newest();
    this.explaining = newest();
    this.predictSoon = debounced(() => this.predict(), TYPING);
    this.explainSoon = debounced(() => this.explain(), THINKING);
    this.file = new FilePanel(schema, (texts) => { this.fill({ a: texts, b: null }); selectTab('row'); });
    $('filter').addEventListener('input', () => this.filter());
    $('differences').addEventListener('change', () => this.filter());
    $('reset').addEventListener('click', () => { this.fill({ a: schema.example, b: this.form.both ? this.form.texts('b') : null }); say('The typical row is filled in.'); });
    $('compare').addEventListener('click', () => this.compare(!this.form.both));
    $('share').addEventListener('click', () => this.copyLink());
    window.addEventListener('hashchange', () => { const rows = share.read(location.hash); if (rows) this.fill(rows); });
    this.fill(share.read(location.hash) ?? { a: schema.example, b: null });
    this.filter();
  }

  fill(rows) {
    this.form.set('a', rows.a);
    if (this.form.both !== Boolean(rows.b)) this.showBoth(Boolean(rows.b));
    if (rows.b) this.form.set('b', rows.b);
    this.changed();
    this.predictSoon.cancel();
    this.predict();
  }

  showBoth(both) {
    this.form.compare(both);
    $('compare').setAttribute('aria-pressed', String(both));
    $('compare').textContent = both ? 'Stop comparing' : 'Compare two rows';
    $('only-differences').hidden = !both;
    if (!both) $('differences').checked = false;
    document.body.classList.toggle('comparing', both);
    this.filter();
  }

  compare(both) {
    this.showBoth(both);
    this.changed();
    say(both ? 'Row B is a copy of row A. Each field now has one input for each row.' : 'Row A is kept.');
  }

  changed() {
    this.form.markDifferences();
    const rows = { a: this.form.texts('a'), b: this.form.both ? this.form.texts('b') : null };
    history.replaceState(null, '', share.written(rows) || location.pathname + location.search);
    this.predictSoon();
  }

  filter() {
    const text = $('filter').value;
    const shown = this.form.filter(text, $('differences').checked);
    const all = this.form.entries.size;
    $('filter-count').textContent = text || $('differences').checked ? (shown ? `${shown} of ${count(all, 'field')}` : 'No field has these words.') : '';
  }

  async copyLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      $('share').textContent = 'Link copied';
    } catch {
      $('share').textContent = 'The link is in the address bar';
    }
    say($('share').textContent);
    setTimeout(() => { $('share').textContent = 'Copy link'; }, 2500);
  }

  async predict() {
    const read = this.form.rows.map((row) => this.form.read(row));
    const now = this.predicting();
    $('result').setAttribute('aria-busy', 'true');
    try {
      const answer = await call('api/v1/predict', { inputs: read.map((one) => one.values) }, now.signal);
      if (!now.is()) return;
      const results = answer.results.map((one, at) => {
        const local = read[at].problems;
        const told = new Set(local.map((problem) => problem.field));
        const problems = [...local, ...(one.problems ?? []).filter((problem) => !told.has(problem.field))];
        return local.length ? { ...one, prediction: null, lower: null, upper: null, problems } : { ...one, problems };
      });
      for (const row of ['a', 'b']) this.form.mark(row, results['ab'.indexOf(row)]?.problems ?? []);
      if (results.some((one) => one.prediction === null) || results.length !== this.answer.explained?.length) this.answer.explain(null);
      this.answer.show(results, answer.problems ?? []);
      if (results.every((one) => one.prediction !== null)) this.explainSoon();
      else this.explainSoon.cancel();
    } catch (error) {
      if (error.name === 'AbortError' || !now.is()) return;
      this.answer.fail(error.message, () => this.predict());
    } finally {
      if (now.is()) $('result').removeAttribute('aria-busy');
    }
  }

  async explain() {
    const now = this.explaining();
    const inputs = this.form.rows.map((row) => this.form.read(row).values);
    const most = this.schema.limits?.explained_rows ?? 1;
    try {
      const answers = most >= inputs.length ? [await call('api/v1/explain', { inputs }, now.signal)]
        : await Promise.all(inputs.map((one) => call('api/v1/explain', { inputs: [one] }, now.signal)));
      if (now.is() && inputs.length === this.form.rows.length) this.answer.explain(answers.flatMap((one) => one.results));
    } catch (error) {
      if (error.name === 'AbortError' || !now.is()) return;
      this.answer.explain(null);
      $('why').hidden = false;
      $('chart').replaceChildren(h('p', {}, error.message), h('button', { type: 'button', onclick: () => this.explain() }, 'Try again'));
    }
  }
}

function selectTab(which) {
  for (const name of ['row', 'file']) {
    const on = name === which;
    $(`tab-${name}`).setAttribute('aria-selected', String(on));
    $(`tab-${name}`).tabIndex = on ? 0 : -1;
    $(`panel-${name}`).hidden = !on;
  }
  document.body.classList.toggle('with-file', which === 'file');
}

function wire() {
  for (const name of ['row', 'file']) $(`tab-${name}`).addEventListener('click', () => selectTab(name));
  document.querySelector('[role=tablist]').addEventListener('keydown', (event) => {
    if (!['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return;
    const other = event.key === 'Home' ? 'row' : event.key === 'End' ? 'file' : event.target.id === 'tab-row' ? 'file' : 'row';
    selectTab(other);
    $(`tab-${other}`).focus();
    event.preventDefault();
  });
  // The fragment holds the row: links inside the page move the focus, and leave the address alone.
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    const place = $(link.getAttribute('href').slice(1));
    place?.scrollIntoView();
    place?.focus({ preventScroll: true });
  });
  document.addEventListener('dragover', (event) => { if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); selectTab('file'); } });
}

function describe(model, schema) {
  const name = model.name ?? 'Prediction';
  document.title = `Prediction – ${name}`;
  $('model-name').textContent = name;
  $('model-description').textContent = model.description ?? '';
  $('model-version').textContent = `Version ${model.version}`;
  const target = schema.target ?? {};
  $('answer-heading').textContent = `Predicted ${target.name ?? 'value'}`;
  const level = schema.interval_level ? `The interval is made to hold ${writePercent(schema.interval_level)} of the true values.` : '';
  const about = [target.description?.replace(/([^.])$/, '$1.'), level].filter(Boolean).join(' ');
  $('answer-heading').after(h('p', { class: 'small muted' }, about));
}

async function start() {
  $('trouble').hidden = true;
  $('loading').hidden = false;
  try {
    const schema = await call('api/v1/schema');
    const model = await call('api/v1/model');
    $('loading').hidden = true;
    $('content').hidden = false;
    describe(model, schema);
    new Page(schema);
  } catch (error) {
    $('loading').hidden = true;
    $('trouble').replaceChildren(h('p', {}, error.message ?? String(error)), h('button', { type: 'button', onclick: start }, 'Try again'));
    $('trouble').hidden = false;
    if (!(error.code)) throw error;
  }
}

wire();
start();
