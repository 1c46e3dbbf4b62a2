import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cut } from '../src/cut.js';
import { join } from '../src/join.js';

test('a letter is cut into slips', () => {
  assert.deepEqual(cut('A', 'Dear Ida', 5), ['A 1/2 Dear ', 'A 2/2 Ida']);
});

test('two letters that flew together', () => {
  assert.deepEqual(join(['A 2/2 Ida', 'B 1/1 Hello', 'A 1/2 Dear ']), { A: 'Dear Ida', B: 'Hello' });
});

test('many short lines arrive', () => {
  assert.deepEqual(join(cut('C', 'a\nb\nc\n\n\nd', 6)), { C: 'a\nb\nc\n\n\nd' });
});

test('a letter about a backslash arrives', () => {
  assert.deepEqual(join(cut('D', 'write \\n for a new line', 20)), { D: 'write \\n for a new line' });
});
