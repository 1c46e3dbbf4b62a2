import { bodies } from './catalog.js';
import SUN from './sun.js';

/** Return the length of a body's year in Earth years, by Kepler's third law; the Sun has none: NaN. */
export function year(body) {
  return body === SUN ? NaN : Math.sqrt(body.au ** 3);
}

/** Return the planet whose orbit is the closest to that of `body` (the inner one of two equally close). */
export function closest(body) {
  const others = bodies.filter((other) => other !== body && other !== SUN);
  return others.reduce((best, other) => (Math.abs(other.au - body.au) < Math.abs(best.au - body.au) ? other : best));
}
