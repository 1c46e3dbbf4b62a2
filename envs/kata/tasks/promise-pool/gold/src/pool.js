/**
 * Run `worker(item, index)` for every item, at most `limit` at a time, and resolve with the results in order.
 *
 * @param {Iterable<unknown>} items
 * @param {number} limit
 * @param {(item: unknown, index: number) => unknown} worker
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<unknown[]>}
 */
export async function mapLimit(items, limit, worker, { signal } = {}) {
  if (limit !== Infinity && !(Number.isInteger(limit) && limit >= 1)) {
    throw new RangeError(`limit must be a positive integer or Infinity, not ${limit}`);
  }
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    new Pool(items[Symbol.iterator](), limit, worker, { signal, resolve, reject }).start();
  });
}

class Pool {
  constructor(iterator, limit, worker, { signal, resolve, reject }) {
    Object.assign(this, { iterator, limit, worker, signal, resolve, reject });
    this.results = [];
    this.started = 0;
    this.running = 0;
    this.exhausted = false;
    this.failure = null;
    this.abort = () => this.fail(signal.reason);
  }

  start() {
    this.signal?.addEventListener('abort', this.abort);
    this.fill();
  }

  /** Take items while there is room; then settle if nothing is left to wait for. */
  fill() {
    while (!this.exhausted && this.failure === null && this.running < this.limit) this.take();
    if (this.running === 0) this.settle();
  }

  take() {
    let step;
    try {
      step = this.iterator.next();
    } catch (error) {
      this.exhausted = true;
      this.fail(error);
      return;
    }
    if (step.done) this.exhausted = true;
    else if (this.failure === null) this.run(step.value, this.started++);
  }

  run(item, index) {
    this.running += 1;
    let outcome;
    try {
      outcome = Promise.resolve(this.worker(item, index));
    } catch (error) {
      outcome = Promise.reject(error);
      this.fail(error);
    }
    outcome
      .then(
        (value) => {
          this.results[index] = value;
        },
        (error) => this.fail(error),
      )
      .then(() => {
        this.running -= 1;
        this.fill();
      });
  }

  /** Remember the first failure and let go of the iterator. */
  fail(error) {
    if (this.failure !== null) return;
    this.failure = { error };
    if (this.exhausted) return;
    this.exhausted = true;
    try {
      this.iterator.return?.();
    } catch {
      // The first failure is the one to report.
    }
  }

  settle() {
    this.signal?.removeEventListener('abort', this.abort);
    if (this.failure === null) this.resolve(this.results);
    else this.reject(this.failure.error);
  }
}
