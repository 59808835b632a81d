/** The form: fields in groups, one control for row A and, when two rows are compared, one for row B. */

import { count, h } from './dom.js';
import { makeControl, setText, textOf, valueOf } from './controls.js';

const FEW = 10; // fields that need no groups

const BY_KIND = {
  number: 'Numbers', year: 'Years and dates', date: 'Years and dates', timestamp: 'Years and dates',
  boolean: 'Yes or no', ordinal: 'In an order', nominal: 'Categories',
};

function grouped(fields) {
  const named = fields.some((field) => field.group);
  const groups = new Map();
  for (const field of fields) {
    const title = named ? field.group || 'Other' : fields.length <= FEW ? 'Fields' : BY_KIND[field.kind] ?? 'Other';
    if (!groups.has(title)) groups.set(title, []);
    groups.get(title).push(field);
  }
  return groups;
}

export class Form {
  constructor(node, jump, schema, onInput) {
    this.node = node;
    this.entries = new Map();
    this.sections = [];
    this.both = false;
    const used = schema.fields.filter((field) => field.used);
    const unused = schema.fields.filter((field) => !field.used);
    for (const [title, fields] of grouped(used)) {
      const section = h('fieldset', { class: 'group', id: `group-${this.sections.length}`, tabindex: '-1' },
        h('legend', {}, h('h3', {}, title)), h('div', { class: 'fields' }, fields.map((field) => this.field(field))));
      this.sections.push(section);
      node.append(section);
      jump.append(h('a', { href: `#${section.id}` }, title), ' ');
    }
    jump.hidden = this.sections.length < 2;
    if (unused.length) {
      this.unused = h('details', { class: 'group unused' },
        h('summary', {}, `${count(unused.length, 'field')} that the model does not use`),
        h('p', { class: 'muted small' }, unused.length === 1 ? 'It is accepted, and has no influence.' : 'They are accepted, and have no influence.'),
        h('div', { class: 'fields' }, unused.map((field) => this.field(field))));
      this.sections.push(this.unused);
      node.append(this.unused);
    }
    node.addEventListener('input', onInput);
    node.addEventListener('submit', (event) => event.preventDefault());
    // A wheel that scrolls the page changes no number.
    node.addEventListener('wheel', (event) => { if (event.target.type === 'number') event.target.blur(); }, { passive: true });
  }

  field(field) {
    const at = this.entries.size;
    const hints = [field.description];
    if (!field.required && field.used && field.missing_means && field.missing_means !== 'not known') hints.push(`Empty means ${field.missing_means}.`);
    const entry = { field, controls: {}, problems: {}, slots: {} };
    for (const row of ['a', 'b']) {
      const id = `${row}-${at}`;
      entry.problems[row] = h('p', { class: 'problem', id: `problem-${id}` });
      entry.controls[row] = makeControl(field, { id, 'aria-describedby': `hint-${at} problem-${id}` });
      entry.slots[row] = h('div', { class: 'slot', hidden: row === 'b' },
        h('span', { class: 'badge', 'aria-hidden': 'true' }, row.toUpperCase()), entry.controls[row], entry.controls[row].suggestions, entry.problems[row]);
    }
    entry.node = h('div', { class: 'field' },
      h('label', { for: `a-${at}` }, h('span', { class: 'name' }, field.name), field.unit && h('span', { class: 'unit' }, ` ${field.unit}`), field.unit && field.required && field.used ? h('span', { class: 'unit' }, ',') : '',
        field.required && field.used ? h('span', { class: 'unit' }, ' required') : ''),
      h('p', { class: 'hint', id: `hint-${at}` }, hints.filter(Boolean).join('. ').replace('..', '.')),
      h('div', { class: 'slots' }, entry.slots.a, entry.slots.b));
    entry.searched = [field.name, field.description, field.unit, field.group, ...(field.levels ?? []), ...(field.meanings ?? [])].join(' ').toLowerCase();
    this.entries.set(field.name, entry);
    return entry.node;
  }

  get rows() { return this.both ? ['a', 'b'] : ['a']; }

  /** The texts of a row by field. */
  texts(row) {
    return Object.fromEntries([...this.entries].map(([name, { controls }]) => [name, controls[row].value]));
  }

  set(row, texts) {
    for (const [name, { field, controls }] of this.entries) setText(controls[row], textOf(field, texts[name]));
  }

  /** A row to send, and what the browser could not read of it. */
  read(row) {
    const values = {};
    const problems = [];
    for (const [name, { field, controls }] of this.entries) {
      const control = controls[row];
      if (control.validity.badInput) {
        const what = field.kind === 'number' || field.kind === 'year' ? 'a number' : 'a whole date';
        problems.push({ field: name, severity: 'error', message: `${name} is not ${what}.` });
      }
      const value = valueOf(field, control.value);
      if (field.used || value !== null) values[name] = value;
    }
    return { values, problems };
  }

  /** Shows problems at their fields. */
  mark(row, problems) {
    const of = Map.groupBy ? Map.groupBy(problems, (one) => one.field) : problems.reduce((map, one) => map.set(one.field, [...(map.get(one.field) ?? []), one]), new Map());
    for (const [name, entry] of this.entries) {
      const found = of.get(name) ?? [];
      const wrong = found.some((one) => one.severity === 'error');
      const node = entry.problems[row];
      const text = found.map((one) => one.message).join(' ');
      if (node.textContent !== text) node.textContent = text;
      node.classList.toggle('is-error', wrong);
      if (wrong) entry.controls[row].setAttribute('aria-invalid', 'true');
      else entry.controls[row].removeAttribute('aria-invalid');
    }
  }

  compare(both) {
    this.both = both;
    this.node.classList.toggle('both', both);
    if (both) this.set('b', this.texts('a'));
    for (const { field, controls, slots } of this.entries.values()) {
      slots.b.hidden = !both;
      for (const row of ['a', 'b']) {
        if (both) controls[row].setAttribute('aria-label', `${field.name}${field.unit ? ` (${field.unit})` : ''}, row ${row.toUpperCase()}`);
        else controls[row].removeAttribute('aria-label');
      }
    }
    this.markDifferences();
  }

  /** Marks and returns the fields whose values differ between the rows. */
  markDifferences() {
    const names = [];
    for (const [name, { controls, node }] of this.entries) {
      const differs = this.both && controls.a.value !== controls.b.value;
      node.classList.toggle('differs', differs);
      if (differs) names.push(name);
    }
    return names;
  }

  /** Shows only the fields that have each word of `text`, and returns how many. */
  filter(text, onlyDifferences) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { node, searched } of this.entries.values()) {
      const found = words.every((word) => searched.includes(word)) && (!onlyDifferences || node.classList.contains('differs'));
      node.hidden = !found;
      shown += found;
    }
    for (const section of this.sections) section.hidden = !section.querySelector('.field:not([hidden])');
    if (this.unused && words.length) this.unused.open = !this.unused.hidden;
    return shown;
  }

  /** Moves the focus to a field, wherever it is hidden. */
  focus(name, row) {
    const entry = this.entries.get(name);
    if (!entry) return;
    if (entry.node.closest('details')) entry.node.closest('details').open = true;
    entry.controls[row].scrollIntoView({ block: 'center' });
    entry.controls[row].focus({ preventScroll: true });
  }
}
