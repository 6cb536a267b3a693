import { parseArgs } from 'node:util';

import { backendOf, BACKENDS, type QueueBackendName } from './queue/side.js';

/** The suites there are. */
export type SuiteName = 'core' | 'router' | 'queue' | 'outbox' | 'store';

/** What the command line asks for. */
export interface Arguments {
  readonly suiteName: SuiteName;
  readonly isJson: boolean;
  /** The queue backends to measure, one after the other. */
  readonly backends: readonly QueueBackendName[];
  /** How often each scenario is measured on each side; the figures are medians of these. Undefined: as the suite says. */
  readonly rounds: number | undefined;
  /** How long one measurement takes, in milliseconds; the suite `queue` goes by the number of messages. */
  readonly sliceMs: number;
  /** How many events the suite `store` replays. */
  readonly events: number;
}

export const USAGE = `usage: npm run bench -- core|router [--json] [--rounds 21] [--slice-ms 30]
       npm run bench -- queue [--backend ${BACKENDS.join('|')}] [--json] [--rounds 7]
       npm run bench -- outbox [--backend redis|postgres] [--json] [--rounds 7]
       npm run bench -- store [--events 1000000] [--json] [--rounds 15]`;

/** @throws an Error that says what is wrong */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      backend: { type: 'string' },
      rounds: { type: 'string' },
      'slice-ms': { type: 'string' },
      events: { type: 'string' },
    },
  });
  const [suiteName] = positionals;
  if (positionals.length !== 1 || !isSuiteName(suiteName)) {
    throw new Error(`name one suite, not "${positionals.join(' ')}"`);
  }
  const { json: isJson, backend, rounds, 'slice-ms': sliceMs, events } = values;
  const isQueued = suiteName === 'queue' || suiteName === 'outbox';
  if (backend !== undefined && !isQueued) throw new Error(`--backend has no meaning for "${suiteName}"`);
  if (events !== undefined && suiteName !== 'store') throw new Error(`--events has no meaning for "${suiteName}"`);
  if (sliceMs !== undefined && (isQueued || suiteName === 'store')) {
    throw new Error(`--slice-ms has no meaning for "${suiteName}"`);
  }
  return {
    suiteName,
    isJson,
    backends: backend === undefined ? allOf(suiteName) : [backendOf(backend)],
    rounds: rounds === undefined ? undefined : countOf('--rounds', rounds),
    sliceMs: countOf('--slice-ms', sliceMs ?? '30'),
    events: countOf('--events', events ?? '1000000'),
  };
}

/** What is in memory needs no outbox. */
function allOf(suiteName: SuiteName): readonly QueueBackendName[] {
  return suiteName === 'outbox' ? BACKENDS.filter((backend) => backend !== 'memory') : BACKENDS;
}

function isSuiteName(text: string | undefined): text is SuiteName {
  return ['core', 'router', 'queue', 'outbox', 'store'].includes(text ?? '');
}

function countOf(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} is "${text}", not a whole number from 1`);
  return value;
}
