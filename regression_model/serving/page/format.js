/** Writes numbers as their unit wants them, in the reader's language. */

// What Intl calls the units that have a symbol of their own there.
const UNITS = {
  ft: 'foot', feet: 'foot', foot: 'foot', in: 'inch', inches: 'inch', yd: 'yard', miles: 'mile', mi: 'mile',
  mm: 'millimeter', cm: 'centimeter', m: 'meter', metres: 'meter', meters: 'meter', km: 'kilometer', kilometres: 'kilometer',
  g: 'gram', grams: 'gram', kg: 'kilogram', kilograms: 'kilogram', lb: 'pound', lbs: 'pound', l: 'liter', litres: 'liter',
  '%': 'percent', percent: 'percent', 'per cent': 'percent', '°c': 'celsius', celsius: 'celsius', '°f': 'fahrenheit',
  seconds: 'second', s: 'second', minutes: 'minute', hours: 'hour', days: 'day', weeks: 'week', months: 'month', years: 'year',
  mph: 'mile-per-hour', 'km/h': 'kilometer-per-hour',
};
let currencies;

const singular = (name) => name.toLowerCase().split(' ').map((word) => word.replace(/s$/, '')).join(' ');

function currency(unit) {
  if (!currencies) {
    currencies = new Map();
    const names = new Intl.DisplayNames('en', { type: 'currency' });
    for (const code of Intl.supportedValuesOf('currency')) {
      currencies.set(code.toLowerCase(), code);
      currencies.set(singular(names.of(code)), code);
    }
    for (const [name, code] of [['dollar', 'USD'], ['$', 'USD'], ['€', 'EUR'], ['£', 'GBP'], ['¥', 'JPY']]) currencies.set(name, code);
  }
  return currencies.get(singular(unit));
}

function options(unit) {
  if (!unit) return {};
  const code = currency(unit);
  if (code) return { style: 'currency', currency: code, currencyDisplay: 'narrowSymbol', minimumFractionDigits: 0 };
  const known = UNITS[unit.toLowerCase()];
  return known ? { style: 'unit', unit: known, unitDisplay: 'short' } : {};
}

/** How many decimals show what matters of numbers up to `size`. */
const decimals = (size) => (size > 0 && Number.isFinite(size) ? Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(size)))) : 0);

/** A function that writes numbers in `unit`, with the decimals that numbers of `size` want. */
export function writer(unit, size, { sign = false } = {}) {
  const known = options(unit);
  const digits = { maximumFractionDigits: decimals(size), ...(sign ? { signDisplay: 'exceptZero' } : {}) };
  const format = new Intl.NumberFormat(undefined, { ...known, ...digits });
  return (value) => format.format(value) + (unit && !known.style ? ` ${unit}` : '');
}

const plain = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 });
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

export const writePercent = (share) => percent.format(share);

const twoDigits = new Intl.NumberFormat(undefined, { style: 'percent', maximumSignificantDigits: 2 });

export const writeShare = (share) => twoDigits.format(share);

/** Writes one value of a field: a year has no separators, and what is missing a dash. */
export function writeValue(field, value) {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const meaning = field?.meanings?.length === field?.levels?.length ? field?.meanings?.[field.levels.indexOf(String(value))] : '';
  if (meaning) return `${value} – ${meaning}`;
  if (typeof value !== 'number' || !field || field.kind !== 'number') return String(value).replace('T', field?.kind === 'timestamp' ? ' ' : 'T');
  return plain.format(value);
}
