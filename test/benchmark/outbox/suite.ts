import { rateRow, type Suite } from '../suite.js';
import { NAMES, type RelayedBackend } from './sizes.js';

/** The relay of an outbox on Postgres, before one queue backend, beside what that backend takes out of memory. */
export function outboxSuite(backend: RelayedBackend): Suite {
  return {
    measures: 'messages per second',
    defaultRounds: 7,
    warmUpRounds: 2,
    processes: ['relay', 'bulk'].map((side) => ({ side, application: backend })),
    rows: (times) =>
      [NAMES.relay, NAMES.relayKeyed].map((name) =>
        rateRow({
          name: `${backend}: ${name}`,
          ours: times.of('relay', name),
          peer: times.of('bulk', NAMES.bulk),
          peerName: NAMES.bulk,
        }),
      ),
  };
}
