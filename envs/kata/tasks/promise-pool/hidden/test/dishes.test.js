import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { mapLimit } from '../src/pool.js';

const calm = () => new Promise((resolve) => setImmediate(resolve));

/** A worker whose jobs end when the test says so. */
function kitchen() {
  const jobs = [];
  const worker = (item, index) =>
    new Promise((resolve, reject) => jobs.push({ item, index, resolve, reject }));
  return { jobs, worker, items: () => jobs.map((job) => job.item) };
}

/** Watch a promise without waiting for it. */
function watch(promise) {
  const state = { done: false };
  promise.then(
    (value) => Object.assign(state, { done: true, value }),
    (error) => Object.assign(state, { done: true, error }),
  );
  return state;
}

/** An iterator that says how far it was read and whether it was closed. */
function menu(count) {
  const state = { read: 0, closed: 0 };
  state.items = {
    [Symbol.iterator]: () => ({
      next: () => (state.read < count ? { done: false, value: state.read++ } : { done: true, value: undefined }),
      return: () => {
        state.closed += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  return state;
}

describe('order and limit', () => {
  test('results keep the order of the items', async () => {
    const { jobs, worker } = kitchen();
    const state = watch(mapLimit(['a', 'b', 'c'], 3, worker));
    await calm();
    for (const index of [2, 0, 1]) jobs[index].resolve(`${jobs[index].item}${jobs[index].index}`);
    await calm();
    assert.deepEqual(state.value, ['a0', 'b1', 'c2']);
  });

  test('the limit is used and kept', async () => {
    const { jobs, worker, items } = kitchen();
    const state = watch(mapLimit('abcde', 2, worker));
    await calm();
    assert.deepEqual(items(), ['a', 'b']);
    jobs[1].resolve();
    await calm();
    assert.deepEqual(items(), ['a', 'b', 'c']);
    jobs[2].resolve();
    await calm();
    jobs[0].resolve();
    await calm();
    assert.deepEqual(items(), ['a', 'b', 'c', 'd', 'e']);
    assert.equal(state.done, false);
    jobs[3].resolve();
    jobs[4].resolve();
    await calm();
    assert.equal(state.value.length, 5);
  });

  test('an infinite limit starts everything', async () => {
    const { jobs, worker } = kitchen();
    watch(mapLimit(new Array(50).fill(1), Infinity, worker));
    await calm();
    assert.equal(jobs.length, 50);
  });

  test('one at a time', async () => {
    let running = 0;
    const results = await mapLimit([5, 6, 7], 1, async (item) => {
      running += 1;
      assert.equal(running, 1);
      await calm();
      running -= 1;
      return item * 2;
    });
    assert.deepEqual(results, [10, 12, 14]);
  });

  test('workers need not be asynchronous', async () => {
    assert.deepEqual(await mapLimit(new Set([3, 4]), 2, (item, index) => item * 10 + index), [30, 41]);
  });

  test('undefined results keep their places', async () => {
    const results = await mapLimit([1, 2, 3], 2, (item) => (item === 2 ? 'two' : undefined));
    assert.deepEqual(results, [undefined, 'two', undefined]);
    assert.equal(results.length, 3);
  });

  test('no items give no results', async () => {
    assert.deepEqual(await mapLimit([], 3, assert.fail), []);
  });

  test('many items do not overflow the stack', async () => {
    const results = await mapLimit(menu(20000).items, 3, (item) => item);
    assert.equal(results.length, 20000);
  });
});

describe('items are taken lazily', () => {
  test('only when there is room', async () => {
    const { jobs, worker } = kitchen();
    const list = menu(10);
    watch(mapLimit(list.items, 3, worker));
    await calm();
    assert.equal(list.read, 3);
    jobs[0].resolve();
    await calm();
    assert.equal(list.read, 4);
  });

  test('an endless menu can be left', async () => {
    const list = menu(Infinity);
    const failing = mapLimit(list.items, 2, async (item) => {
      if (item === 5) throw new Error('full');
    });
    await assert.rejects(failing, /full/);
    assert.equal(list.closed, 1);
    assert.ok(list.read <= 8);
  });

  test('a menu that was read to its end is not closed', async () => {
    const list = menu(2);
    await mapLimit(list.items, 5, (item) => item);
    assert.equal(list.read, 2);
    assert.equal(list.closed, 0);
  });
});

describe('failures', () => {
  test('nothing new is started, and what runs is waited for', async () => {
    const { jobs, worker, items } = kitchen();
    const state = watch(mapLimit('abcdef', 3, worker));
    await calm();
    jobs[1].reject(new Error('burnt'));
    await calm();
    assert.equal(state.done, false);
    jobs[0].resolve();
    await calm();
    assert.equal(state.done, false);
    assert.deepEqual(items(), ['a', 'b', 'c']);
    jobs[2].resolve();
    await calm();
    assert.equal(state.error.message, 'burnt');
  });

  test('the first failure in time is reported', async () => {
    const { jobs, worker } = kitchen();
    const state = watch(mapLimit('abc', 3, worker));
    await calm();
    jobs[2].reject(new Error('first'));
    await calm();
    jobs[0].reject(new Error('second'));
    jobs[1].resolve();
    await calm();
    assert.equal(state.error.message, 'first');
  });

  test('a worker may throw at once', async () => {
    const list = menu(10);
    const started = [];
    const failing = mapLimit(list.items, 4, (item) => {
      started.push(item);
      if (item === 1) throw new Error('dropped');
    });
    await assert.rejects(failing, /dropped/);
    assert.deepEqual(started, [0, 1]);
    assert.deepEqual([list.read, list.closed], [2, 1]);
  });

  test('a worker may fail with undefined', async () => {
    const state = watch(mapLimit([1, 2], 1, () => Promise.reject(undefined)));
    await calm();
    assert.equal(state.done, true);
    assert.ok('error' in state && state.error === undefined);
  });

  test('an iterator may fail, and is not closed then', async () => {
    const { jobs, worker } = kitchen();
    let closed = false;
    const items = {
      [Symbol.iterator]: () => {
        let count = 0;
        return {
          next: () => {
            count += 1;
            if (count === 3) throw new Error('menu torn');
            return { done: false, value: count };
          },
          return: () => {
            closed = true;
            return {};
          },
        };
      },
    };
    const state = watch(mapLimit(items, 5, worker));
    await calm();
    assert.equal(state.done, false);
    for (const job of jobs) job.resolve();
    await calm();
    assert.equal(state.error.message, 'menu torn');
    assert.equal(closed, false);
  });

  for (const limit of [0, -1, 1.5, NaN, '2', undefined]) {
    test(`a limit of ${String(limit)} is refused with a rejection`, async () => {
      const list = menu(3);
      await assert.rejects(mapLimit(list.items, limit, assert.fail), RangeError);
      assert.equal(list.read, 0);
    });
  }
});

describe('signals', () => {
  test('an aborted signal starts nothing', async () => {
    const list = menu(3);
    const reason = new Error('closed');
    const failing = mapLimit(list.items, 2, assert.fail, { signal: AbortSignal.abort(reason) });
    await assert.rejects(failing, reason);
    assert.equal(list.read, 0);
  });

  test('aborting stops new work and waits for the rest', async () => {
    const { jobs, worker } = kitchen();
    const list = menu(9);
    const controller = new AbortController();
    const reason = new Error('last orders');
    const state = watch(mapLimit(list.items, 2, worker, { signal: controller.signal }));
    await calm();
    controller.abort(reason);
    jobs[0].resolve();
    await calm();
    assert.equal(state.done, false);
    assert.deepEqual([jobs.length, list.closed], [2, 1]);
    jobs[1].resolve();
    await calm();
    assert.equal(state.error, reason);
  });

  test('aborting afterwards does not matter', async () => {
    const controller = new AbortController();
    const results = await mapLimit([1], 1, (item) => item, { signal: controller.signal });
    controller.abort();
    assert.deepEqual(results, [1]);
  });
});
