import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Kitty } from '../src/kitty.js';
import { Store, calm } from './store.js';

function open(sums) {
  const store = new Store(sums);
  return { store, kitty: new Kitty(store) };
}

/** Watch promises without waiting for them: their values, the messages of their errors, or `...` while they wait. */
function watch(...promises) {
  const states = promises.map(() => '...');
  promises.forEach((promise, index) => {
    promise.then(
      (value) => {
        states[index] = value;
      },
      (error) => {
        states[index] = `${error.name}: ${error.message}`;
      },
    );
  });
  return states;
}

describe('one jar', () => {
  test('nothing is lost', async () => {
    const { store, kitty } = open({ tea: 10 });
    const states = watch(kitty.add('tea', 5), kitty.add('tea', 7), kitty.add('tea', -2));
    await calm();
    assert.deepEqual(states, [15, 22, 20]);
    assert.deepEqual(store.log, ['get tea', 'set tea 15', 'get tea', 'set tea 22', 'get tea', 'set tea 20']);
  });

  test('those who come later wait behind those who wait', async () => {
    const { store, kitty } = open({ tea: 1 });
    store.hold('tea');
    const early = watch(kitty.add('tea', 1), kitty.add('tea', 10));
    await calm();
    const late = watch(kitty.add('tea', 100));
    await calm();
    assert.deepEqual(store.log, ['get tea']);
    store.letGo('tea');
    await calm();
    assert.deepEqual([...early, ...late], [2, 12, 112]);
    assert.deepEqual(store.log, ['get tea', 'set tea 2', 'get tea', 'set tea 12', 'get tea', 'set tea 112']);
  });

  test('nobody starts before the last one is done', async () => {
    const { store, kitty } = open({ tea: 3, cake: 4 });
    await kitty.add('tea', 1);
    store.hold('tea');
    const states = watch(kitty.add('tea', 2), kitty.total(['tea']), kitty.add('tea', 5));
    await calm();
    assert.deepEqual(store.log, ['get tea', 'set tea 4', 'get tea']);
    store.letGo('tea');
    await calm();
    assert.deepEqual(states, [6, 6, 11]);
  });
});

describe('a long line', () => {
  test('one who leaves does not open the jar for the next who comes', async () => {
    const { store, kitty } = open({ tea: 10 });
    store.hold('set tea 13');
    const early = watch(kitty.add('tea', 1), kitty.add('tea', 2));
    await calm();
    const late = watch(kitty.add('tea', 4), kitty.total(['cake']));
    await calm();
    assert.deepEqual([...early, ...late], [11, '...', '...', 0]);
    assert.deepEqual(store.log, ['get tea', 'set tea 11', 'get tea', 'set tea 13', 'get cake']);
    store.letGo('set tea 13');
    await calm();
    assert.deepEqual([...early, ...late], [11, 13, 17, 0]);
  });
});

describe('other jars', () => {
  test('nobody waits for a jar that he does not need', async () => {
    const { store, kitty } = open({ tea: 1, cake: 2, milk: 3 });
    store.hold('tea');
    const states = watch(kitty.add('tea', 1), kitty.add('cake', 2), kitty.move('milk', 'cake', 3), kitty.total(['milk']));
    await calm();
    assert.deepEqual(states, ['...', 4, [0, 7], 0]);
    store.letGo('tea');
    await calm();
    assert.deepEqual(states, [2, 4, [0, 7], 0]);
  });

  test('a move waits for both jars', async () => {
    const { store, kitty } = open({ tea: 5, cake: 6 });
    store.hold('cake');
    const states = watch(kitty.add('cake', 1), kitty.move('tea', 'cake', 2));
    await calm();
    assert.deepEqual(store.log, ['get cake']);
    store.letGo('cake');
    await calm();
    assert.deepEqual(states, [7, [3, 9]]);
  });

  test('a move keeps its place in both lines', async () => {
    const { store, kitty } = open({ tea: 5, cake: 6, milk: 1 });
    store.hold('tea');
    const states = watch(kitty.add('tea', 1), kitty.move('tea', 'cake', 2), kitty.add('cake', 30), kitty.add('milk', 4));
    await calm();
    assert.deepEqual(states, ['...', '...', '...', 5]);
    assert.deepEqual(store.log, ['get tea', 'get milk', 'set milk 5']);
    store.letGo('tea');
    await calm();
    assert.deepEqual(states, [6, [4, 8], 38, 5]);
  });

  test('opposite moves do not wait for each other for ever', async () => {
    const { store, kitty } = open({ tea: 5, cake: 6 });
    const states = watch(kitty.move('tea', 'cake', 4), kitty.move('cake', 'tea', 9), kitty.move('tea', 'cake', 10));
    await calm();
    assert.deepEqual(states, [[1, 10], [1, 10], [0, 11]]);
    assert.deepEqual(store.sums, { tea: 0, cake: 11 });
  });

  test('three moves in a ring', async () => {
    const { store, kitty } = open({ tea: 1, cake: 2, milk: 3 });
    const states = watch(kitty.move('tea', 'cake', 1), kitty.move('cake', 'milk', 3), kitty.move('milk', 'tea', 5));
    await calm();
    assert.deepEqual(states, [[0, 3], [0, 6], [1, 5]]);
    assert.deepEqual(store.sums, { tea: 5, cake: 0, milk: 1 });
  });
});

describe('moves', () => {
  test('write what is taken before what is put', async () => {
    const { store, kitty } = open({ tea: 8 });
    assert.deepEqual(await kitty.move('tea', 'cake', 8), [0, 8]);
    assert.deepEqual(store.log, ['get tea', 'get cake', 'set tea 0', 'set cake 8']);
  });

  test('too little is too little, and writes nothing', async () => {
    const { store, kitty } = open({ tea: 2, cake: 3 });
    const states = watch(kitty.move('tea', 'cake', 3), kitty.move('cake', 'tea', 3));
    await calm();
    assert.equal(states[0].split(':')[0], 'RangeError');
    assert.deepEqual(states[1], [0, 5]);
    assert.deepEqual(store.log, ['get tea', 'get cake', 'get cake', 'get tea', 'set cake 0', 'set tea 5']);
  });

  test('what can not be put is put back before the next one comes', async () => {
    const { store, kitty } = open({ tea: 9, cake: 1 });
    store.failing = ['set cake 5'];
    const states = watch(kitty.move('tea', 'cake', 4), kitty.add('tea', 1), kitty.add('cake', 1));
    await calm();
    assert.deepEqual(states, ['Error: no answer: set cake 5', 10, 2]);
    assert.deepEqual(store.log.slice(0, 5), ['get tea', 'get cake', 'set tea 5', 'set cake 5', 'set tea 9']);
    assert.deepEqual(store.sums, { tea: 10, cake: 2 });
  });

  test('a move is not over until its money is put back', async () => {
    const { store, kitty } = open({ tea: 9, cake: 1 });
    store.failing = ['set cake 3'];
    store.hold('set tea 9');
    const states = watch(kitty.move('tea', 'cake', 2), kitty.add('tea', 5), kitty.add('cake', 6));
    await calm();
    assert.deepEqual(states, ['...', '...', '...']);
    assert.deepEqual(store.log, ['get tea', 'get cake', 'set tea 7', 'set cake 3', 'set tea 9']);
    store.letGo('set tea 9');
    await calm();
    assert.deepEqual(states, ['Error: no answer: set cake 3', 14, 7]);
  });

  test('the first error counts if it can not be put back either', async () => {
    const { store, kitty } = open({ tea: 9, cake: 1 });
    store.failing = ['set cake 5', 'set tea 9'];
    const states = watch(kitty.move('tea', 'cake', 4), kitty.add('tea', 1));
    await calm();
    assert.deepEqual(states, ['Error: no answer: set cake 5', 6]);
    assert.deepEqual(store.log.slice(2), ['set tea 5', 'set cake 5', 'set tea 9', 'get tea', 'set tea 6']);
  });

  test('what can not be taken is not put', async () => {
    const { store, kitty } = open({ tea: 9, cake: 1 });
    store.failing = ['set tea 5'];
    const states = watch(kitty.move('tea', 'cake', 4), kitty.total(['tea', 'cake']));
    await calm();
    assert.deepEqual(states, ['Error: no answer: set tea 5', 10]);
    assert.equal(store.log.includes('set cake 5'), false);
  });

  test('within one jar nothing is written', async () => {
    const { store, kitty } = open({ tea: 4 });
    const states = watch(kitty.move('tea', 'tea', 3), kitty.move('tea', 'tea', 5), kitty.add('tea', 1));
    await calm();
    assert.deepEqual(states[0], [4, 4]);
    assert.equal(states[1].split(':')[0], 'RangeError');
    assert.equal(states[2], 5);
    assert.deepEqual(store.sums, { tea: 5 });
    assert.equal(store.log.filter((entry) => entry.startsWith('set')).join(), 'set tea 5');
  });
});

describe('failures', () => {
  test('those behind go on when reading fails', async () => {
    const { store, kitty } = open({ tea: 1 });
    store.failing = ['get tea'];
    const states = watch(kitty.add('tea', 1), kitty.add('tea', 2), kitty.total(['tea']));
    await calm();
    assert.deepEqual(states, ['Error: no answer: get tea', 3, 3]);
  });

  test('those behind go on when writing fails', async () => {
    const { store, kitty } = open({ tea: 1 });
    store.failing = ['set tea 2', 'set tea 3'];
    const states = watch(kitty.add('tea', 1), kitty.add('tea', 2), kitty.add('tea', 4));
    await calm();
    assert.deepEqual(states, ['Error: no answer: set tea 2', 'Error: no answer: set tea 3', 5]);
  });

  test('those who come after a failure are served', async () => {
    const { store, kitty } = open({ tea: 1 });
    store.failing = ['get tea'];
    const early = watch(kitty.add('tea', 2), kitty.total(['cake', 'tea']));
    await calm();
    const late = watch(kitty.move('tea', 'cake', 1));
    await calm();
    assert.deepEqual([...early, ...late], ['Error: no answer: get tea', 1, [0, 1]]);
  });
});

describe('totals', () => {
  test('are of one moment', async () => {
    const { store, kitty } = open({ tea: 7, cake: 5 });
    store.hold('cake');
    const states = watch(kitty.move('tea', 'cake', 6), kitty.total(['cake', 'tea']), kitty.add('tea', 20));
    await calm();
    store.letGo('cake');
    await calm();
    assert.deepEqual(states, [[1, 11], 12, 21]);
  });

  test('keep others away until they are done', async () => {
    const { store, kitty } = open({ tea: 7, cake: 5 });
    store.hold('cake');
    const states = watch(kitty.total(['tea', 'cake']), kitty.add('tea', 1), kitty.add('milk', 2));
    await calm();
    assert.deepEqual(states, ['...', '...', 2]);
    assert.equal(store.log.includes('set tea 8'), false);
    store.letGo('cake');
    await calm();
    assert.deepEqual(states, [12, 8, 2]);
  });

  test('count each jar once', async () => {
    const { kitty } = open({ tea: 7, cake: 5 });
    const states = watch(kitty.total(['tea', 'cake', 'tea']), kitty.total([]), kitty.total(['cake', 'milk']));
    await calm();
    assert.deepEqual(states, [12, 0, 5]);
  });
});

describe('busy', () => {
  test('counts the jars of unfinished calls', async () => {
    const { store, kitty } = open({ tea: 7, cake: 5, milk: 2 });
    store.hold('tea');
    watch(kitty.add('tea', 1), kitty.add('tea', 2), kitty.move('tea', 'cake', 3), kitty.add('milk', 1));
    assert.equal(kitty.busy, 3);
    await calm();
    assert.equal(kitty.busy, 2);
    store.letGo('tea');
    await calm();
    assert.equal(kitty.busy, 0);
    assert.equal(store.sums.cake, 8);
  });

  test('forgets calls that failed', async () => {
    const { store, kitty } = open({ tea: 7 });
    store.failing = ['get tea'];
    const states = watch(kitty.total(['tea', 'cake']), kitty.move('milk', 'tea', 1));
    assert.equal(kitty.busy, 3);
    await calm();
    assert.equal(states[0], 'Error: no answer: get tea');
    assert.equal(kitty.busy, 0);
  });
});
