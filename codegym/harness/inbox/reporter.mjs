// A reporter for `node --test`. It runs in the process that starts the test files, not in theirs; it takes a
// nonce from standard input, and says what it saw in one line that starts with it.
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { relative } from 'node:path';

const nonce = readFileSync(0, 'utf8').trim();
const short = (text, most) => String(text ?? '').slice(0, most);

export default async function* report(source) {
  const tests = [];
  const stderr = {};
  const open = [];
  for await (const { type, data } of source) {
    const file = data?.file ? relative(process.cwd(), data.file) : '';
    if (type === 'test:stderr') stderr[file] = short((stderr[file] ?? '') + data.message, 4000);
    if (type === 'test:start') {
      open.length = data.nesting;
      open.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    open.length = data.nesting;
    const error = data.details?.error;
    const cause = error?.cause ?? error;
    tests.push({
      file,
      name: [...open, data.name].join(' > '),
      whole: data.nesting === 0 && relative(process.cwd(), data.name) === file,
      ok: type === 'test:pass',
      suite: data.details?.type === 'suite',
      skip: data.skip !== undefined || data.todo !== undefined,
      why: error ? short(cause?.message ?? cause, 2000) : '',
      stack: error ? short(cause?.stack, 3000) : '',
    });
  }
  const packed = deflateSync(Buffer.from(JSON.stringify({ tests, stderr }))).toString('base64');
  yield `\n${nonce} ${packed}\n`;
}
