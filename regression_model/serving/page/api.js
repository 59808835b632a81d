/** Calls the service: its key, its errors, and what to say when it cannot be reached. */

import { $ } from './dom.js';

const KEPT = 'regression-model-api-key';
let asking = null;

export class ServiceError extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Asks for the key; requests that wait for it at the same time share one dialog. */
function askForKey(message) {
  asking ??= new Promise((resolve) => {
    const dialog = $('key-dialog');
    $('key-problem').textContent = message;
    $('key').value = '';
    const accept = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEPT, $('key').value.trim());
      dialog.close();
    };
    $('key-form').addEventListener('submit', accept);
    dialog.addEventListener('close', () => {
      $('key-form').removeEventListener('submit', accept);
      asking = null;
      resolve();
    }, { once: true });
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    dialog.showModal();
    $('key').focus();
  });
  return asking;
}

async function send(path, body, signal) {
  const headers = { Accept: 'application/json' };
  const key = sessionStorage.getItem(KEPT);
  if (key) headers['X-API-Key'] = key;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const response = await fetch(path, {
      method: body === undefined ? 'GET' : 'POST', headers, body, signal, cache: 'no-store',
    });
    return [response, await response.text(), key];
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ServiceError('The service cannot be reached. Is it running, and are you connected to its network?', 'unreachable', 0);
  }
}

/** Returns the JSON of `path`; `value`, if given, is posted. Throws ServiceError with a sentence to show. */
export async function call(path, value, signal) {
  const body = value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
  for (;;) {
    const [response, text, key] = await send(path, body, signal);
    let answer = null;
    try { answer = JSON.parse(text); } catch { /* said below */ }
    if (response.status === 401) {
      // Another request may have asked for the key in the meantime.
      if (key === sessionStorage.getItem(KEPT)) await askForKey(key ? answer?.error?.message ?? 'This is not the key.' : '');
      continue;
    }
    if (response.ok && answer !== null) return answer;
    const message = answer?.error?.message ?? `The service answered with status ${response.status} and nothing that this page can read.`;
    throw new ServiceError(message, answer?.error?.code ?? 'unreadable', response.status);
  }
}
