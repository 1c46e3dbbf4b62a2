/**
 * Run `worker(item, index)` for every item, at most `limit` at a time, and resolve with the results in order.
 *
 * @param {Iterable<unknown>} items
 * @param {number} limit
 * @param {(item: unknown, index: number) => unknown} worker
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<unknown[]>}
 */
export function mapLimit(items, limit, worker, options = {}) {
  throw new Error('not written yet');
}
