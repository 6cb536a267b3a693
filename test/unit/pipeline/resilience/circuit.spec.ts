import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { resolveCircuitSettings } from '../../../../lib/pipeline/resilience/circuit-breaker/circuit-breaker.options.js';
import type { CircuitSettings } from '../../../../lib/pipeline/resilience/circuit-breaker/circuit-breaker.options.js';
import {
  Circuit,
  type CallOutcome,
  type CircuitPass,
} from '../../../../lib/pipeline/resilience/circuit-breaker/circuit.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A circuit, and how it changed. */
function made(settings: CircuitSettings = {}) {
  const changes: string[] = [];
  const resolved = resolveCircuitSettings({ openMs: 1000, ...settings }, () => true);
  const circuit = new Circuit('bank', resolved, (_circuit, { state, failures, calls }) =>
    changes.push(state === 'open' ? `open ${failures}/${calls}` : state),
  );
  const enter = (): CircuitPass => {
    const pass = circuit.enter();
    if (pass === undefined) throw new Error('the circuit lets nothing through');
    return pass;
  };
  const call = (...outcomes: readonly CallOutcome[]): void => {
    for (const outcome of outcomes) circuit.end(enter(), outcome, new Error('down'));
  };
  return { circuit, changes, enter, call };
}

describe('a closed circuit', () => {
  it('opens at the rate of failures, and not before enough calls have ended', () => {
    const { circuit, changes, call } = made({ failureRate: 0.5, minimumCalls: 4 });
    call('failed', 'failed', 'answered');
    expect(circuit.state).toBe('closed');
    call('failed');
    expect([circuit.state, circuit.enter(), changes]).toEqual(['open', undefined, ['open 3/4']]);
  });

  it('stays closed below the rate', () => {
    const { circuit, call } = made({ failureRate: 0.5, minimumCalls: 2 });
    call('answered', 'answered', 'failed', 'answered', 'failed', 'answered');
    expect(circuit.state).toBe('closed');
  });

  it('looks at no call that is older than its window', () => {
    const { circuit, call } = made({ failureRate: 0.5, minimumCalls: 3, windowMs: 100 });
    call('failed', 'failed');
    jest.advanceTimersByTime(100);
    call('failed');
    expect(circuit.state).toBe('closed');
    call('failed', 'failed');
    expect(circuit.state).toBe('open');
  });

  it('opens after so many failures in a row, which a success ends', () => {
    const { circuit, call } = made({ consecutiveFailures: 3 });
    call('failed', 'failed', 'answered', 'failed', 'failed');
    expect(circuit.state).toBe('closed');
    call('failed');
    expect(circuit.state).toBe('open');
  });

  it('opens by the row or by the rate, where both are given', () => {
    const { changes, call } = made({ consecutiveFailures: 3, failureRate: 0.4, minimumCalls: 5 });
    call('failed', 'answered', 'answered', 'answered', 'failed');
    expect(changes).toEqual(['open 2/5']);
  });

  it('counts nothing that says nothing', () => {
    const { circuit, call } = made({ consecutiveFailures: 2 });
    call('failed', 'unknown', 'unknown');
    expect(circuit.state).toBe('closed');
    call('failed');
    expect(circuit.state).toBe('open');
  });
});

describe('an open circuit', () => {
  it('says how long it lets nothing through, and then lets one through', () => {
    const { circuit, changes, call, enter } = made({ consecutiveFailures: 1 });
    call('failed');
    jest.advanceTimersByTime(600);
    expect([circuit.enter(), circuit.retryAfterMs]).toEqual([undefined, 400]);
    jest.advanceTimersByTime(400);
    expect(circuit.state).toBe('halfOpen');
    enter();
    expect([circuit.enter(), changes]).toEqual([undefined, ['open 1/1', 'halfOpen']]);
  });

  it('does not care how calls end that began before it opened', () => {
    const { circuit, call, enter } = made({ consecutiveFailures: 1 });
    const [early, late] = [enter(), enter()];
    call('failed');
    circuit.end(early, 'answered');
    jest.advanceTimersByTime(1000);
    const probe = enter();
    circuit.end(late, 'failed');
    expect(circuit.state).toBe('halfOpen');
    circuit.end(probe, 'answered');
    expect(circuit.state).toBe('closed');
  });

  it('needs no timer', () => {
    const { call } = made({ consecutiveFailures: 1 });
    call('failed');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a half-open circuit', () => {
  function halfOpen(settings: CircuitSettings = {}) {
    const all = made({ consecutiveFailures: 1, ...settings });
    all.call('failed');
    jest.advanceTimersByTime(1000);
    return all;
  }

  it('closes when all that it lets through have succeeded', () => {
    const { circuit, enter } = halfOpen({ halfOpenCalls: 2 });
    const [first, second] = [enter(), enter()];
    expect(circuit.enter()).toBeUndefined();
    circuit.end(first, 'answered');
    expect([circuit.state, circuit.enter()]).toEqual(['halfOpen', undefined]);
    circuit.end(second, 'answered');
    expect(circuit.state).toBe('closed');
  });

  it('opens for the whole time again when one of them fails', () => {
    const { circuit, changes, enter } = halfOpen({ halfOpenCalls: 2 });
    const [first, second] = [enter(), enter()];
    circuit.end(first, 'failed');
    circuit.end(second, 'answered');
    expect([circuit.state, circuit.retryAfterMs]).toEqual(['open', 1000]);
    expect(changes).toEqual(['open 1/1', 'halfOpen', 'open 1/2']);
  });

  it('lets another one through for one that says nothing', () => {
    const { circuit, call } = halfOpen();
    call('unknown', 'answered');
    expect(circuit.state).toBe('closed');
  });

  it('lets another one through where one hangs as long as it was open', () => {
    const { circuit, enter } = halfOpen();
    const hanging = enter();
    jest.advanceTimersByTime(999);
    expect(circuit.enter()).toBeUndefined();
    jest.advanceTimersByTime(1);
    const next = enter();
    circuit.end(hanging, 'failed');
    circuit.end(next, 'answered');
    expect(circuit.state).toBe('closed');
  });

  it('begins with a clean sheet once it is closed', () => {
    const { circuit, call } = made({ failureRate: 0.6, minimumCalls: 1 });
    call('failed');
    jest.advanceTimersByTime(1000);
    call('answered', 'answered', 'failed');
    expect(circuit.state).toBe('closed');
  });

  it.each<[string, (circuit: Circuit, probe: CircuitPass, abort: () => void) => void]>([
    ['it changes', (circuit, probe) => circuit.end(probe, 'answered')],
    ['another one may be let through', (circuit, probe) => circuit.end(probe, 'unknown')],
    ['it is woken', (circuit) => circuit.wake()],
    ['the signal aborts', (_circuit, _probe, abort) => abort()],
    ['what it let through hangs', () => jest.advanceTimersByTime(1000)],
  ])('has those who wait look again when %s, and leaves no timer', async (_when, act) => {
    const { circuit, enter } = halfOpen();
    const probe = enter();
    const controller = new AbortController();
    const waiting = circuit.changes(controller.signal);
    act(circuit, probe, () => controller.abort());
    await waiting;
    expect(jest.getTimerCount()).toBe(0);
  });
});
