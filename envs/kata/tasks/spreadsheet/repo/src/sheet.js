/** The cell depends on itself; `cycle` holds the names on the way round, the first one again at the end. */
export class CycleError extends Error {
  constructor(cycle) {
    super(`cycle: ${cycle.join(' -> ')}`);
    this.name = 'CycleError';
    this.cycle = cycle;
  }
}

/** A sheet of named cells: some hold values, others are computed from cells. */
export class Sheet {
  #cells = new Map();

  /** Make `name` a cell that holds `value`, whatever it was before. */
  set(name, value) {
    this.#cells.set(name, { value });
  }

  /** Make `name` a cell that is `formula(...values of the inputs)`, whatever it was before. */
  define(name, inputs, formula) {
    this.#cells.set(name, { inputs: [...inputs], formula });
  }

  /**
   * Return the value of a cell; undefined if there is no such cell.
   * Throws CycleError if it depends on itself, and whatever a formula throws.
   */
  get(name) {
    return this.#get(name, []);
  }

  #get(name, path) {
    const cell = this.#cells.get(name);
    if (cell === undefined) return undefined;
    if (cell.formula === undefined) return cell.value;
    if (path.includes(name)) throw new CycleError([...path.slice(path.indexOf(name)), name]);
    return cell.formula(...cell.inputs.map((input) => this.#get(input, [...path, name])));
  }
}
