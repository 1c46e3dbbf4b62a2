/**
 * Money in named jars. The store keeps the sums, and takes its time:
 * `get(jar)` promises the sum in a jar, `set(jar, sum)` promises to write it. Either may be rejected.
 */
export class Kitty {
  #store;
  #locks = new Map();

  constructor(store) {
    this.#store = store;
  }

  /** How many jars there are that unfinished calls have to do with, whether they work or wait. */
  get busy() {
    return this.#locks.size;
  }

  /** Add `amount` to what is in `jar`; promise the new sum. */
  add(jar, amount) {
    return this.#alone(jar, async () => {
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
    return this.#alone(from, () =>
      this.#alone(to, async () => {
        const before = await this.#store.get(from);
        const other = await this.#store.get(to);
        if (before < amount) throw new RangeError(`${from} holds ${before}, not ${amount}`);
        await this.#store.set(from, before - amount);
        await this.#store.set(to, other + amount);
        return [before - amount, other + amount];
      }),
    );
  }

  /** Promise what is in all of `jars` together, each counted once, as it was at one moment. */
  async total(jars) {
    const sums = await Promise.all(jars.map((jar) => this.#store.get(jar)));
    return sums.reduce((total, sum) => total + sum, 0);
  }

  /** Do `work` when nobody else is at the jar. */
  async #alone(jar, work) {
    await this.#locks.get(jar);
    let leave;
    const lock = new Promise((resolve) => {
      leave = resolve;
    });
    this.#locks.set(jar, lock);
    const result = await work();
    leave();
    return result;
  }
}
