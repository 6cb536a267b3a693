import path from 'node:path';

import { afterAll } from '@jest/globals';

import { Programs } from '../processes/programs.js';
import { sharedStore, type StoreKind } from '../processes/stores.js';
import type { Fault, Plan, Stream } from './plan.js';
import type { Strike } from './programs/strikes.js';
import type { Report } from './report.js';
import { runPlan } from './run.js';

/** A few streams and faults that a test has chosen itself. */
export interface SmallPlan {
  readonly streams: readonly Stream[];
  readonly faults?: readonly Fault[];
  /** For the worker that comes to the point first. */
  readonly lurking?: readonly Strike[];
}

/** Long enough that a machine with other things to do does not look like a worker that is gone. */
export const LOCK_MS = 4000;
/** How long a test that starts processes may take there. */
export const TIMEOUT_MS = 240_000;

/**
 * To be called at the top of a spec: what it returns carries plans out on the servers that all specs share. Plans may be carried out
 * at once, which saves time: most of a plan is waiting for locks to end.
 */
export function chaosStage(): (kind: StoreKind, plan: SmallPlan) => Promise<Report> {
  // Jest starts concurrent tests before it calls `beforeAll`.
  let compiling: Promise<Programs> | undefined;
  afterAll(async () => (await compiling)?.remove());
  return async (kind, { streams, faults = [], lurking = [] }) => {
    const programs = await (compiling ??= Programs.compile(path.join(import.meta.dirname, 'programs')));
    const plan: Plan = { seed: 1, streams, faults, lurking };
    return runPlan({ plan, programs, store: sharedStore(kind), lockMs: LOCK_MS });
  };
}

/** Streams of one kind, none of whose messages is poison. */
export function streamsOf(of: Stream['of'], names: readonly string[], count: number): readonly Stream[] {
  return names.map((name) => ({ name, of, isKeyed: name.startsWith('key'), count, poison: [] }));
}
