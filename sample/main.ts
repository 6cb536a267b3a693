import { readdirSync } from 'node:fs';

// Runs a sample: `npm start -- [sample] [options of the sample]`. The name may be shortened, as to `03`.
const names = readdirSync(import.meta.dirname)
  .filter((name) => /^\d\d-/.test(name))
  .toSorted();
const [first] = process.argv.slice(2);
const asked = first === undefined || first.startsWith('-') ? undefined : first;
const name = names.find((known) => known.startsWith(asked ?? '01'));
if (name === undefined) throw new Error(`There is no sample ${asked}: there are ${names.join(', ')}.`);
// The sample reads its own options, of which its name is none.
if (asked !== undefined) process.argv.splice(2, 1);
await import(`./${name}/main.js`);
