/** The panel of files: reads a CSV file, has it predicted slice by slice, and hands it back. */

import { call } from './api.js';
import { decoded, parsed, separatorOf, written } from './csv.js';
import { $, count, h } from './dom.js';
import { Table } from './table.js';

const ROWS_AT_ONCE = 500;
const LARGEST = 200e6; // bytes of a file that a browser holds with ease
const TRIES = 5; // for a slice that a busy service refuses

const pause = (time) => new Promise((resolve) => { setTimeout(resolve, time); });

export class FilePanel {
  constructor(schema, openRow) {
    this.schema = schema;
    this.openRow = openRow;
    this.numbers = new Set(schema.fields.filter((field) => field.kind === 'number').map((field) => field.name));
    $('file').addEventListener('change', () => { if ($('file').files.length) this.take($('file').files[0]); });
    $('cancel').addEventListener('click', () => this.stopped.abort());
    document.addEventListener('drop', (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.take(event.dataTransfer.files[0]);
    });
  }

  status(message, wrong = false, retry = null) {
    $('file-status').replaceChildren(message ? h('div', { class: wrong ? 'notice is-error' : 'notice' }, h('p', {}, message),
      retry ? h('button', { type: 'button', onclick: retry }, 'Try again') : '') : '');
  }

  async take(file) {
    this.stopped?.abort();
    const mine = this.stopped = new AbortController();
    $('table').replaceChildren();
    this.status(`Reading ${file.name}…`);
    try {
      if (file.size > LARGEST) throw new Error(`${file.name} is too large for a browser: use the command regression-model predict.`);
      const data = this.read(decoded(await file.arrayBuffer()), file.name);
      if (mine !== this.stopped) return;
      await this.predict(data, mine);
    } catch (error) {
      if (mine !== this.stopped) return;
      $('progress').hidden = true;
      this.status(error.name === 'AbortError' ? 'Stopped. No row is kept.' : error.message, true, () => this.take(file));
    } finally {
      $('file').value = ''; // so that the same file can be chosen again
    }
  }

  read(text, name) {
    const separator = separatorOf(text);
    const [header, ...rows] = parsed(text, separator);
    if (!header) throw new Error(`${name} is empty.`);
    const names = header.map((one) => one.trim());
    const twice = names.find((one, at) => names.indexOf(one) !== at);
    if (twice !== undefined) throw new Error(`${name} has two columns called ${twice || '(nothing)'}: give each its own name.`);
    if (!rows.length) throw new Error(`${name} has a header, and no row below it.`);
    const inputs = rows.map((row) => Object.fromEntries(names.map((one, at) => [one, this.cell(one, row[at] ?? '', separator)])));
    return { name, separator, names, rows, inputs };
  }

  /** A semicolon between cells leaves the comma for the decimals. */
  cell(name, text, separator) {
    return separator === ';' && this.numbers.has(name) && /^\s*-?\d+,\d+\s*$/.test(text) ? text.trim().replace(',', '.') : text;
  }

  /** Bodies under the limits of the service, each with the number of its rows. */
  * slices(inputs) {
    const limits = this.schema.limits ?? {};
    const most = Math.min(ROWS_AT_ONCE, limits.rows ?? ROWS_AT_ONCE);
    const room = (limits.body_bytes ?? 1e6) * 0.9;
    const bytes = new TextEncoder();
    let texts = [];
    let size = 0;
    for (const one of inputs) {
      const text = JSON.stringify(one);
      const length = bytes.encode(text).length + 1;
      if (texts.length && (texts.length === most || size + length > room)) {
        yield [`{"inputs":[${texts}]}`, texts.length];
        [texts, size] = [[], 0];
      }
      texts.push(text);
      size += length;
    }
    yield [`{"inputs":[${texts}]}`, texts.length];
  }

  async send(body, signal) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call('api/v1/predict', body, signal);
      } catch (error) {
        if (error.status !== 503 || attempt === TRIES) throw error;
        await pause(300 * attempt);
      }
    }
  }

  async predict(data, mine) {
    const total = data.inputs.length;
    const results = [];
    const general = new Map();
    $('bar').max = total;
    const progress = () => {
      $('bar').value = results.length;
      $('bar-label').textContent = `${results.length.toLocaleString()} of ${count(total, 'row')}`;
    };
    progress();
    $('progress').hidden = false;
    this.status('');
    for (const [body] of this.slices(data.inputs)) {
      const answer = await this.send(body, mine.signal);
      if (mine !== this.stopped) return;
      const errors = answer.problems.filter((one) => one.severity === 'error');
      for (const one of answer.problems) general.set(`${one.code} ${one.field}`, one);
      for (const one of answer.results) {
        const row = data.rows[results.length];
        const problems = [...(one.prediction === null ? errors : []), ...one.problems];
        if (row.length !== data.names.length) problems.push({ field: null, severity: 'warning', message: `The row has ${count(row.length, 'cell')}, and the header ${data.names.length}.` });
        results.push({ ...one, problems });
      }
      progress();
    }
    $('progress').hidden = true;
    this.show(data, results, [...general.values()]);
  }

  show(data, results, general) {
    const none = results.filter((one) => one.prediction === null).length;
    const noted = results.filter((one) => one.problems.length).length - none;
    const parts = [`${count(results.length, 'row')} of ${data.name}: ${(results.length - none).toLocaleString()} predicted`];
    if (none) parts.push(`${none.toLocaleString()} with errors`);
    if (noted > 0) parts.push(`${noted.toLocaleString()} with notes`);
    this.status(`${parts.join(', ')}.`);
    if (general.length) {
      const wrong = general.some((one) => one.severity === 'error');
      $('file-status').append(h('div', { class: `notice ${wrong ? 'is-error' : 'is-warning'}` }, h('h3', {}, 'About the whole file'), h('ul', {}, general.map((one) => h('li', {}, one.message)))));
    }
    const table = new Table(this.schema, data, results, (at) => this.openRow(data.inputs[at]), () => this.download(data, results));
    $('table').replaceChildren(table.node);
  }

  download(data, results) {
    const added = ['prediction', 'lower', 'upper', 'problems'].map((one) => {
      let name = one;
      while (data.names.includes(name)) name = `${name}_`;
      return name;
    });
    const lines = data.rows.map((row, at) => {
      const { prediction, lower, upper, problems } = results[at];
      const cells = data.names.map((_, place) => row[place] ?? '');
      // What has no name in the header stands nowhere else in the file.
      return [...cells, prediction, lower, upper, problems.map((one) => one.message).join(' ')];
    });
    const blob = new Blob(['\ufeff', ...written([[...data.names, ...added], ...lines], data.separator)], { type: 'text/csv' });
    const address = URL.createObjectURL(blob);
    h('a', { href: address, download: `${data.name.replace(/\.[^.]*$/, '')}-predicted.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
}
