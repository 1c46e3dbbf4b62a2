import bodies from './catalog.js';

const route = bodies.join(' > ');

/** Return the way from the inside out, as text. */
export default function tour() {
  return route;
}
