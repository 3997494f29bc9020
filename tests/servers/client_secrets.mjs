// Client secrets, made for one run.
import { randomBytes } from 'node:crypto';

export const random = (bytes) => randomBytes(bytes).toString('hex');

// Every printable ASCII character that is neither letter nor digit, in an order that gives each kind of `%`: one that no
// escape can follow, and escapes that a needless decoding would change. No space at an edge: that would be another question.
export const special = () => `${random(8)} !"#$&'()*+,-./:;<=>?@[\\]^_\`{|}%~%41%2F${random(8)}`;
