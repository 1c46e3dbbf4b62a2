/** The cell depends on itself; `cycle` holds the names on the way round, the first one again at the end. */
export class CycleError extends Error {
  constructor(cycle) {
    super(`cycle: ${cycle.join(' -> ')}`);
    this.name = 'CycleError';
    this.cycle = cycle;
  }
}

/**
 * A sheet of named cells: some hold values, others are computed from cells.
 *
 * The sheet counts its changes. A cell knows when it was last found to be up to date (`checked`), and with which
 * input values its formula was last computed (`seen`): it is computed again only if one of them differs.
 */
export class Sheet {
  #cells = new Map();
  #changes = 0;

  /** Make `name` a cell that holds `value`, whatever it was before. */
  set(name, value) {
    const cell = this.#cells.get(name);
    if (cell !== undefined && cell.formula === undefined && Object.is(cell.value, value)) return;
    this.#cells.set(name, { value });
    this.#changes += 1;
  }

  /** Make `name` a cell that is `formula(...values of the inputs)`, whatever it was before. */
  define(name, inputs, formula) {
    this.#cells.set(name, { inputs: [...inputs], formula, seen: null, value: undefined, checked: -1 });
    this.#changes += 1;
  }

  /**
   * Return the value of a cell; undefined if there is no such cell.
   * Throws CycleError if it depends on itself, and whatever a formula throws.
   */
  get(name) {
    return this.#get(name, new Set());
  }

  #get(name, path) {
    const cell = this.#cells.get(name);
    if (cell?.formula === undefined || cell.checked === this.#changes) return cell?.value;
    if (path.has(name)) {
      const names = [...path];
      throw new CycleError([...names.slice(names.indexOf(name)), name]);
    }
    path.add(name);
    const changes = this.#changes;
    const values = cell.inputs.map((input) => this.#get(input, path));
    path.delete(name);
    if (cell.seen === null || values.some((value, index) => !Object.is(value, cell.seen[index]))) {
      cell.value = cell.formula(...values);
      cell.seen = values;
    }
    cell.checked = changes;
    return cell.value;
  }
}
