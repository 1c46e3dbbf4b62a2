// A reporter for `node --test`. It runs in the process that starts the test files, not in theirs; it takes a
// nonce from standard input, and says what it saw in one line that starts with it.
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

const nonce = readFileSync(0, 'utf8').trim();

// What a test throws can be anything, and asking it for its text can throw as well.
const attempt = (action, otherwise) => {
  try {
    return action();
  } catch {
    return otherwise();
  }
};

const shown = (value) => attempt(() => inspect(value), () => 'a value that has no text');
const short = (value, most) => attempt(() => String(value ?? ''), () => shown(value)).slice(0, most);
const part = (value, name) => attempt(() => value?.[name], () => undefined);

// Node names a file by its path, or, older ones and ES modules, by its URL.
const pathOf = (place) => attempt(() => relative(process.cwd(), fileURLToPath(place)), () => relative(process.cwd(), place));

export default async function* report(source) {
  const tests = [];
  const stderr = {};
  const open = [];
  for await (const { type, data } of source) {
    const file = data?.file ? pathOf(data.file) : '';
    if (type === 'test:stderr') stderr[file] = short((stderr[file] ?? '') + data.message, 4000);
    if (type === 'test:start') {
      open.length = data.nesting;
      open.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    open.length = data.nesting;
    const error = data.details?.error;
    const cause = part(error, 'cause') ?? error;
    tests.push({
      file,
      name: [...open, data.name].join(' > '),
      whole: data.nesting === 0 && relative(process.cwd(), data.name) === file,
      ok: type === 'test:pass',
      suite: data.details?.type === 'suite',
      skip: data.skip !== undefined || data.todo !== undefined,
      why: error ? short(part(cause, 'message') ?? cause, 2000) : '',
      stack: error ? short(part(cause, 'stack'), 3000) : '',
    });
  }
  const packed = deflateSync(Buffer.from(JSON.stringify({ tests, stderr }))).toString('base64');
  yield `\n${nonce} ${packed}\n`;
}
