import assert from 'node:assert/strict';
import { test } from 'node:test';

test('finds Mars', async () => {
  const { find } = await import('../src/index.js');
  assert.equal(find('Mars').moons, 2);
});

test('names itself', async () => {
  const { default: planetarium } = await import('../src/index.js');
  assert.match(planetarium.tour(), /^Sun > Mercury/);
});
