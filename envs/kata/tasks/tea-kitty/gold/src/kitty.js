/**
 * Money in named jars. The store keeps the sums, and takes its time:
 * `get(jar)` promises the sum in a jar, `set(jar, sum)` promises to write it. Either may be rejected.
 */
export class Kitty {
  #store;
  #lastInLine = new Map();

  constructor(store) {
    this.#store = store;
  }

  /** How many jars there are that unfinished calls have to do with, whether they work or wait. */
  get busy() {
    return this.#lastInLine.size;
  }

  /** Add `amount` to what is in `jar`; promise the new sum. */
  add(jar, amount) {
    return this.#inLine([jar], async () => {
      const sum = (await this.#store.get(jar)) + amount;
      await this.#store.set(jar, sum);
      return sum;
    });
  }

  /**
   * Move `amount` from one jar to another; promise both new sums, `[from, to]`.
   *
   * Reads both jars, writes `from`, then `to`. If there is too little in `from`, it is rejected with a RangeError and
   * nothing is written. If `to` can't be written, the old sum of `from` is written again; when that has ended, whether
   * well or not, the move is rejected with the error of writing `to`. Moving within one jar writes nothing.
   */
  move(from, to, amount) {
    return this.#inLine([from, to], async () => {
      const before = await this.#store.get(from);
      const other = from === to ? before : await this.#store.get(to);
      if (before < amount) throw new RangeError(`${from} holds ${before}, not ${amount}`);
      if (from === to) return [before, before];
      await this.#store.set(from, before - amount);
      try {
        await this.#store.set(to, other + amount);
      } catch (error) {
        await this.#store.set(from, before).catch(() => {});
        throw error;
      }
      return [before - amount, other + amount];
    });
  }

  /** Promise what is in all of `jars` together, each counted once, as it was at one moment. */
  total(jars) {
    const names = [...new Set(jars)];
    return this.#inLine(names, async () => {
      let total = 0;
      for (const jar of names) total += await this.#store.get(jar);
      return total;
    });
  }

  /** Do `work` when every earlier call that has to do with one of `jars` has settled. */
  #inLine(jars, work) {
    const result = Promise.all(jars.map((jar) => this.#lastInLine.get(jar))).then(work);
    const leave = () => {
      for (const jar of jars) if (this.#lastInLine.get(jar) === left) this.#lastInLine.delete(jar);
    };
    const left = result.then(leave, leave);
    for (const jar of jars) this.#lastInLine.set(jar, left);
    return result;
  }
}
