import { bodies } from './catalog.js';

/** Return the way from the inside out, as text. */
export default function tour() {
  return bodies.join(' > ');
}
