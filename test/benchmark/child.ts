import 'reflect-metadata';

import { Stopwatch, type Scenario } from './scenario.js';
import type { Answer, Question } from './processes.js';

/** A side loads only what it measures, so that no other library can slow it down. */
const SIDES: Readonly<Record<string, (application: string) => Promise<readonly Scenario[]>>> = {
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
};

const [side = '', application = ''] = process.argv.slice(2);
const load = SIDES[side];
if (load === undefined) throw new Error(`unknown side "${side}"`);
const scenarios = await load(application);
const stopwatches = new Map(scenarios.map((scenario) => [scenario.name, new Stopwatch(scenario)]));

process.on('message', ({ scenario, sliceMs }: Question) => {
  const stopwatch = stopwatches.get(scenario);
  if (stopwatch === undefined) throw new Error(`side "${side}" has no scenario "${scenario}"`);
  stopwatch.measure(sliceMs).then(
    (nsPerMessage) => answer({ nsPerMessage }),
    (error: unknown) => answer({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
answer({ scenarios: [...stopwatches.keys()] });

function answer(value: Answer): void {
  process.send?.(value);
}
