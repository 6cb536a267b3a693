import { parseArgs } from 'node:util';

/** The suites there are. */
export type SuiteName = 'core' | 'router';

/** What the command line asks for. */
export interface Arguments {
  readonly suiteName: SuiteName;
  readonly isJson: boolean;
  /** How often each scenario is measured on each side; the figures are medians of these. */
  readonly rounds: number;
  /** How long one measurement takes, in milliseconds. */
  readonly sliceMs: number;
}

export const USAGE = 'usage: npm run bench -- core|router [--json] [--rounds 21] [--slice-ms 30]';

/** @throws an Error that says what is wrong */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '21' },
      'slice-ms': { type: 'string', default: '30' },
    },
  });
  const [suiteName] = positionals;
  if (positionals.length !== 1 || (suiteName !== 'core' && suiteName !== 'router')) {
    throw new Error(`name one suite, not "${positionals.join(' ')}"`);
  }
  return {
    suiteName,
    isJson: values.json,
    rounds: countOf('--rounds', values.rounds),
    sliceMs: countOf('--slice-ms', values['slice-ms']),
  };
}

function countOf(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} is "${text}", not a whole number from 1`);
  return value;
}
