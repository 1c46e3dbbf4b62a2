import { readFileSync } from 'node:fs';

import { Body } from './body.js';
import SUN from './sun.js';

const planets = JSON.parse(readFileSync(new URL('../data/planets.json', import.meta.url), 'utf8'));

/** The Sun and its planets, from the inside out. */
export const bodies = [SUN, ...planets.map(({ name, ...facts }) => new Body(name, facts))];

/** Return the body of that name, or undefined. */
export function find(name) {
  return bodies.find((body) => body.name === name);
}
