/** Reads and writes CSV: quotes, the separators , ; and tab, byte order marks. */

/** Returns the text of a file's bytes: UTF-8 or UTF-16, else Windows-1252, which old spreadsheets write. */
export function decoded(bytes) {
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** The separator that the first line has most of, outside quotes. */
export function separatorOf(text) {
  const found = { ',': 0, ';': 0, '\t': 0 };
  let quoted = false;
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    else if (!quoted && (letter === '\n' || letter === '\r')) break;
    else if (!quoted && letter in found) found[letter] += 1;
  }
  return Object.keys(found).reduce((best, one) => (found[one] > found[best] ? one : best));
}

/** Returns the rows of a CSV text as lists of texts; empty lines are left out. */
export function parsed(text, separator = separatorOf(text)) {
  const rows = [];
  let row = [];
  let at = 0;
  const close = () => {
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      const begin = at;
      for (at += 1; ;) {
        const end = text.indexOf('"', at);
        if (end < 0) throw new Error(`Row ${rows.length}: a quoted cell is never closed; it begins with ${text.slice(begin, begin + 20)}.`);
        cell += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at += 1;
      }
    }
    let end = at;
    while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end += 1;
    row.push(cell + text.slice(at, end));
    at = end;
    if (text[at] === separator) {
      at += 1;
      if (at === text.length) row.push('');
    } else {
      if (text[at] === '\r' && text[at + 1] === '\n') at += 1;
      at += 1;
      close();
    }
  }
  if (row.length) close();
  return rows;
}

const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i;

/** A cell that no spreadsheet runs as a formula, in quotes where it needs them. */
export function writtenCell(value, separator) {
  let text = value === null || value === undefined ? '' : String(value);
  if (/^[=+\-@\t\r\n＝＋－＠]/.test(text.trimStart() || text) && !NUMBER.test(text.trim())) text = `'${text}`;
  return text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const written = (rows, separator) => rows.map((row) => `${row.map((cell) => writtenCell(cell, separator)).join(separator)}\r\n`);
