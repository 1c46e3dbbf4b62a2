import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mapLimit } from '../src/pool.js';

test('results come in the order of the items', async () => {
  const waits = [3, 1, 2];
  const results = await mapLimit(waits, 2, async (turns, index) => {
    for (let turn = 0; turn < turns; turn += 1) await null;
    return `${index}:${turns}`;
  });
  assert.deepEqual(results, ['0:3', '1:1', '2:2']);
});

test('the first error wins', async () => {
  await assert.rejects(
    mapLimit([1, 2, 3], 1, (item) => {
      if (item === 2) throw new Error('two');
    }),
    /two/,
  );
});
