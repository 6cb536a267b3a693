import { describe, expect, it } from '@jest/globals';

import type { JournalLine } from '../../processes/journal.js';
import type { SceneEvent } from './scene/application.js';
import { Findings, type Evidence } from './scene/findings.js';

const NOTHING = { by: [], redeliveries: 0, effects: 0 };

describe('the findings of a scene', () => {
  it('have nothing to say of messages that were handled once, in order, and of one whose failure was tried again', () => {
    expect(
      problemsOf('started key0-1', 'done key0-1', 'started key0-2', 'failed key0-2', 'started key0-2', 'done key0-2'),
    ).toEqual([]);
  });

  it('name what was acknowledged and is neither handled nor parked', () => {
    const findings = findingsOf({
      lines: [line('started free-1')],
      acknowledged: new Set(['free-1', 'free-2']),
      parked: new Set(['free-2']),
    });
    expect(findings.problems(NOTHING)).toContain('free-1 was acknowledged, and is neither handled nor parked');
    expect(findings.problems(NOTHING)).toHaveLength(2);
  });

  it.each([
    ['starts before the one before it is handled', ['started key0-1', 'started key0-2']],
    ['is left out', ['started key0-1', 'done key0-1', 'started key0-3']],
    ['starts again after the next one', ['started key0-1', 'done key0-1', 'started key0-2', 'started key0-1']],
  ])('name a message with a key that %s', (_what, lines) => {
    expect(problemsOf(...lines).join()).toContain('was the latest');
  });

  it('name a message that was delivered again though no fault concerned it', () => {
    const lines = ['started free-1', 'done free-1', 'started free-1', 'done free-1'].map((text) => line(text));
    const limits = { redeliveries: 1, effects: 1 };
    expect(findingsOf({ lines }).problems({ ...limits, by: ['worker-1'] })).toEqual([]);
    expect(findingsOf({ lines }).problems({ ...limits, by: ['worker-2'] })[0]).toContain('no fault concerned it');
    expect(findingsOf({ lines }).problems({ by: ['worker-1'], redeliveries: 1, effects: 0 })[0]).toContain(
      '1 repeated effects',
    );
    expect(findingsOf({ lines }).problems({ by: ['worker-1'], redeliveries: 0, effects: 1 })[0]).toContain(
      '1 redeliveries',
    );
  });

  it('name a process that nobody ended', () => {
    expect(findingsOf({ crashes: ['worker-1 ended by itself'] }).problems(NOTHING)[0]).toBe('worker-1 ended by itself');
  });
});

function problemsOf(...texts: readonly string[]): readonly string[] {
  return findingsOf({ lines: texts.map((text) => line(text)) }).problems(NOTHING);
}

function findingsOf(evidence: Partial<Evidence>): Findings {
  return new Findings({ lines: [], acknowledged: new Set(), parked: new Set(), crashes: [], ...evidence });
}

/** `started key0-1` of a worker. */
function line(text: string): JournalLine<SceneEvent> {
  const [event, id = ''] = text.split(' ');
  const [of = '', sequence] = id.split('-');
  // The tests above write events only.
  return {
    at: 0,
    by: 'worker-1',
    event: event as SceneEvent,
    id,
    key: of === 'free' ? undefined : of,
    sequence: Number(sequence),
  };
}
