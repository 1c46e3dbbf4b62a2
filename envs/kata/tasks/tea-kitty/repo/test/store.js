/** Let everything happen that can happen now. */
export async function calm() {
  for (let round = 0; round < 40; round++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * A store that writes down what it is asked for, in `log`: `get tea`, `set tea 5`.
 *
 * What was held, a jar or an entry of the log, is not answered until it is let go. Each entry in `failing` is rejected once.
 */
export class Store {
  constructor(sums) {
    this.sums = { ...sums };
    this.log = [];
    this.held = new Map();
    this.failing = [];
  }

  get(jar) {
    return this.#answer(jar, `get ${jar}`, () => this.sums[jar] ?? 0);
  }

  set(jar, sum) {
    return this.#answer(jar, `set ${jar} ${sum}`, () => {
      this.sums[jar] = sum;
    });
  }

  hold(what) {
    let open;
    const gate = new Promise((resolve) => {
      open = resolve;
    });
    this.held.set(what, { gate, open });
  }

  letGo(what) {
    this.held.get(what).open();
    this.held.delete(what);
  }

  async #answer(jar, entry, effect) {
    this.log.push(entry);
    await this.held.get(jar)?.gate;
    await this.held.get(entry)?.gate;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failing.includes(entry)) {
      this.failing.splice(this.failing.indexOf(entry), 1);
      throw new Error(`no answer: ${entry}`);
    }
    return effect();
  }
}
