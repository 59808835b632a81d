/** One input for one field of a row, made from the contract. */

import { h } from './dom.js';

const MOST_OPTIONS = 80; // a longer list is typed into, with suggestions

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The text that a control holds for a value of a row; '' is missing. */
export function textOf(field, value) {
  if (value === null || value === undefined) return '';
  const text = String(value);
  if (field.kind === 'boolean') return { true: 'yes', false: 'no', 1: 'yes', 0: 'no' }[text.toLowerCase()] ?? text;
  if (field.kind === 'date') return text.slice(0, 10);
  if (field.kind === 'timestamp') return text.replace(' ', 'T').replace(/(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/, '');
  return text;
}

/** The value that is sent for the text of a control. */
export function valueOf(field, text) {
  if (text === '') return null;
  if (field.kind === 'boolean') return text === 'yes' ? true : text === 'no' ? false : text;
  if (field.kind === 'number' || field.kind === 'year') return Number.isFinite(Number(text)) ? Number(text) : text;
  return text;
}

const timeText = (field, at) => (typeof at === 'number' ? textOf(field, new Date(at * 1000).toISOString()) : at);

/** What an empty control stands for. */
export const missingText = (field) => upper(field.missing_means || 'not known');

function chooser(field, attributes, options) {
  const seen = new Set(field.training_levels ?? []);
  const list = h('select', attributes);
  if (field.required) list.append(h('option', { value: '', hidden: true }, 'Choose…'));
  else list.append(h('option', { value: '' }, missingText(field)));
  for (const [value, meaning] of options) {
    const unseen = field.kind === 'nominal' && seen.size && !seen.has(value) ? ' (not in the training rows)' : '';
    list.append(h('option', { value }, (meaning ? `${value} – ${meaning}` : value) + unseen));
  }
  return list;
}

function levelsOf(field) {
  const levels = field.levels?.length ? field.levels : field.training_levels ?? [];
  const meanings = field.meanings?.length === levels.length ? field.meanings : [];
  return levels.map((level, at) => [String(level), meanings[at] ?? '']);
}

/** The step of the arrows: whole numbers, or a hundredth of a narrow range. */
function stepOf(field) {
  const [low, high] = field.training_range ?? [field.minimum, field.maximum];
  const width = high - low;
  if (!(width > 0) || width >= 10 || (Number.isInteger(low) && Number.isInteger(high) && width > 1)) return '1';
  return String(10 ** Math.floor(Math.log10(width / 20)));
}

/** Makes the control with this id; `attributes` describe it to screen readers. */
export function makeControl(field, attributes) {
  const common = { ...attributes, 'aria-required': field.required && field.used ? 'true' : null };
  const hint = field.required ? null : missingText(field);
  if (field.kind === 'boolean') return chooser(field, common, [['yes', ''], ['no', '']]);
  if (field.kind === 'date' || field.kind === 'timestamp') {
    const type = field.kind === 'date' ? 'date' : 'datetime-local';
    return h('input', { ...common, type, min: timeText(field, field.minimum), max: timeText(field, field.maximum), step: type === 'date' ? null : '1' });
  }
  if (field.kind === 'number' || field.kind === 'year') {
    return h('input', {
      ...common, type: 'number', inputmode: (field.minimum ?? -1) >= 0 ? 'decimal' : null, placeholder: hint,
      min: field.minimum, max: field.maximum, step: stepOf(field),
    });
  }
  const options = levelsOf(field);
  if (options.length && options.length <= MOST_OPTIONS) return chooser(field, common, options);
  const list = `${attributes.id}-list`;
  const input = h('input', { ...common, type: 'text', placeholder: hint, spellcheck: 'false', list: options.length ? list : null });
  if (options.length) input.suggestions = h('datalist', { id: list }, options.map(([value, meaning]) => h('option', { value, label: meaning || null })));
  return input;
}

/** Puts a text into a control; a level that a list does not have is added to it, to be seen and reported. */
export function setText(control, text) {
  if (control.tagName === 'SELECT' && ![...control.options].some((option) => option.value === text)) {
    control.append(h('option', { value: text }, text));
  }
  control.value = text;
}
