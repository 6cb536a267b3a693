import type { FailurePolicies } from '../../failures/policy/failure-policies.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import type { LastFailures } from '../last-failures.js';
import type { ClaimCheck } from '../claim-check/claim-check.js';
import type { EntryTargets } from './entry-target.port.js';
import type { QueueRests } from './queue-rests.js';
import type { TaskObserver } from './task-observer.js';

/** What every delivery of an application needs. */
export interface DeliveryRunParts {
  readonly targets: EntryTargets;
  readonly observer: TaskObserver;
  readonly limits: CodecLimits;
  readonly policies: FailurePolicies;
  readonly rests: QueueRests;
  readonly lastFailures: LastFailures;
  /** What keeps large payloads; undefined where entries have them all. */
  readonly claims: ClaimCheck | undefined;
}
