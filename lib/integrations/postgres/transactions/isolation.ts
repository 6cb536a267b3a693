import type { IsolationLevel } from '../../../index.js';
import { InvalidPostgresOptionsError } from '../errors.js';

const LEVELS: Readonly<Record<IsolationLevel, string>> = {
  'read committed': 'ISOLATION LEVEL READ COMMITTED',
  'repeatable read': 'ISOLATION LEVEL REPEATABLE READ',
  serializable: 'ISOLATION LEVEL SERIALIZABLE',
};

/** How a statement says a level. @throws DISPATCH_INVALID_POSTGRES_OPTIONS for what is no level: it becomes part of a statement */
export function isolationOf(level: IsolationLevel): string {
  if (Object.hasOwn(LEVELS, level)) return LEVELS[level];
  throw new InvalidPostgresOptionsError('A transaction on Postgres', [
    `was asked for the isolation ${JSON.stringify(level)}: there are ${Object.keys(LEVELS).join(', ')}`,
  ]);
}
