import { parseArgs } from 'node:util';

import { STORES, type StoreKind } from '../processes/stores.js';

/** What the command line asks for. */
export interface Arguments {
  readonly seeds: readonly number[];
  readonly backend: StoreKind;
  readonly messageCount: number;
  readonly isJson: boolean;
}

export const USAGE =
  'usage: npm run chaos -- --backend redis|postgres [--seed N | --seeds FROM-TO] [--messages 1200] [--json]';

/** @throws an Error that says what is wrong */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      backend: { type: 'string' },
      messages: { type: 'string', default: '1200' },
      json: { type: 'boolean', default: false },
    },
  });
  const backend = STORES.find((kind) => kind === values.backend);
  if (backend === undefined) throw new Error(`--backend is "${values.backend ?? ''}", not ${STORES.join(' or ')}`);
  if (values.seed !== undefined && values.seeds !== undefined) throw new Error('give --seed or --seeds, not both');
  const [from = '1', to = from, ...rest] = (values.seeds ?? values.seed ?? '1').split('-');
  const first = wholeOf('--seeds', from);
  const last = wholeOf('--seeds', to);
  if (rest.length > 0 || last < first) throw new Error(`--seeds is "${values.seeds ?? ''}", not FROM-TO`);
  return {
    seeds: Array.from({ length: last - first + 1 }, (_, index) => first + index),
    backend,
    messageCount: wholeOf('--messages', values.messages),
    isJson: values.json,
  };
}

function wholeOf(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} is "${text}", not a whole number from 1`);
  return value;
}
