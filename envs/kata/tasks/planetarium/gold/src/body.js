/** Anything that hangs in the sky. */
export class Body {
  constructor(name, { au = 0, moons = 0 } = {}) {
    this.name = name;
    this.au = au;
    this.moons = moons;
  }

  toString() {
    return this.name;
  }
}
