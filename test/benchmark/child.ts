import 'reflect-metadata';

import { Stopwatch, type Measurement, type Scenario } from './scenario.js';
import type { Answer, Question } from './processes.js';
import { relayedBackendOf } from './outbox/sizes.js';
import { backendOf } from './queue/side.js';

/** A side loads only what it measures, so that no other library can slow it down. */
const SIDES: Readonly<Record<string, (application: string) => Promise<readonly (Scenario | Measurement)[]>>> = {
  'core/ambient': async (application) => (await import('./core/ours.js')).ourScenarios('ambient', application),
  'core/kept': async (application) => (await import('./core/ours.js')).ourScenarios('kept', application),
  'core/explicit': async (application) => (await import('./core/ours.js')).ourScenarios('explicit', application),
  'core/cqrs': async (application) => (await import('./core/cqrs.js')).cqrsScenarios(application),
  'core/direct': async () => (await import('./core/direct.js')).directScenarios(),
  'core/storage': async () => (await import('./core/storage.js')).storageScenarios(),
  'router/ambient': async (application) => (await import('./router/ours.js')).ourScenarios('ambient', application),
  'router/kept': async (application) => (await import('./router/ours.js')).ourScenarios('kept', application),
  'router/explicit': async (application) => (await import('./router/ours.js')).ourScenarios('explicit', application),
  'router/parse': async () => (await import('./router/parse.js')).parseScenarios(),
  'queue/ambient': async (application) =>
    (await import('./queue/ours.js')).ourScenarios(backendOf(application), 'ambient'),
  'queue/explicit': async (application) =>
    (await import('./queue/ours.js')).ourScenarios(backendOf(application), 'explicit'),
  'queue/raw': async (application) => (await import('./queue/raw.js')).rawScenarios(backendOf(application)),
  'outbox/relay': async (application) =>
    (await import('./outbox/ours.js')).relayScenarios(relayedBackendOf(application)),
  'outbox/bulk': async (application) => (await import('./outbox/raw.js')).bulkScenarios(relayedBackendOf(application)),
  'store/ours': async () => (await import('./store/ours.js')).ourScenarios(),
  'store/projected': async () => (await import('./store/projected.js')).projectedScenarios(),
  'store/bare': async () => (await import('./store/bare.js')).bareScenarios(),
  'store/emmett': async () => (await import('./store/emmett.js')).emmettScenarios(),
};

const [side = '', application = ''] = process.argv.slice(2);
const load = SIDES[side];
if (load === undefined) throw new Error(`unknown side "${side}"`);
const scenarios = await load(application);
const measurements = new Map(
  scenarios.map((scenario) => [scenario.name, 'measure' in scenario ? scenario : new Stopwatch(scenario)]),
);

process.on('message', ({ scenario, sliceMs }: Question) => {
  const measurement = measurements.get(scenario);
  if (measurement === undefined) throw new Error(`side "${side}" has no scenario "${scenario}"`);
  measurement.measure(sliceMs).then(
    (nsPerMessage) =>
      answer({ nsPerMessage, lostShare: 'lostShare' in measurement ? (measurement.lostShare?.() ?? 0) : 0 }),
    (error: unknown) => answer({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
answer({ scenarios: [...measurements.keys()] });

function answer(value: Answer): void {
  process.send?.(value);
}
