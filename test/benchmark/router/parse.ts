import type { Scenario } from '../scenario.js';
import { githubPayloads, medianOf, megabyte } from './payloads.js';

/** What no router can go below: the bytes made a string, the string parsed. */
export function parseScenarios(): readonly Scenario[] {
  const payloads = githubPayloads();
  return [
    scenario('median', [medianOf(payloads).raw]),
    scenario(
      'all',
      payloads.map(({ raw }) => raw),
    ),
    scenario('unmatched 1 MB', [megabyte()]),
  ];
}

function scenario(name: string, raws: readonly Buffer[]): Scenario {
  return {
    name,
    messagesPerOperation: raws.length,
    async run(operations) {
      let parsed = 0;
      for (let index = 0; index < operations; index += 1) {
        for (const raw of raws) if (JSON.parse(raw.toString()) !== null) parsed += 1;
      }
      return parsed;
    },
  };
}
