/** Makes elements without innerHTML, so that no text of a model or a file becomes markup. */

const SVG = 'http://www.w3.org/2000/svg';

export const $ = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Runs `work` once nothing has asked for it during `delay` milliseconds. */
export function debounced(work, delay) {
  let timer;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(work, delay);
  };
  ask.cancel = () => clearTimeout(timer);
  return ask;
}

let spoken;
/** Tells screen readers a sentence, once typing has paused. */
export function say(sentence) {
  clearTimeout(spoken);
  spoken = setTimeout(() => { $('live').textContent = sentence; }, 900);
}

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString()} ${n === 1 ? one : many}`;
