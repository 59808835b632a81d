/** Keeps the rows of the form in the fragment of the address, which no browser sends to a server. */

const TOO_LONG = 30000; // characters; some programs cut longer addresses

/** Returns the fragment of rows `a` and `b` (or null), each an object of texts by field. */
export function written(rows) {
  const entries = new URLSearchParams();
  for (const [name, text] of Object.entries(rows.a)) if (text !== '') entries.append(`a.${name}`, text);
  if (rows.b) {
    entries.append('compare', 'yes');
    for (const [name, text] of Object.entries(rows.b)) if (text !== rows.a[name]) entries.append(`b.${name}`, text);
  }
  const text = `#${entries}`;
  return text.length > TOO_LONG ? '' : text;
}

/** Reads what `written` wrote; null when the fragment holds no row. */
export function read(fragment) {
  const entries = new URLSearchParams(fragment.replace(/^#/, ''));
  const rows = { a: {}, b: null };
  const changed = {};
  for (const [key, text] of entries) {
    if (key.startsWith('a.')) rows.a[key.slice(2)] = text;
    if (key.startsWith('b.')) changed[key.slice(2)] = text;
  }
  if (!Object.keys(rows.a).length) return null;
  if (entries.has('compare')) rows.b = { ...rows.a, ...changed };
  return rows;
}
