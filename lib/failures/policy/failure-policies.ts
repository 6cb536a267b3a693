import { defaultFailurePolicy, type DefaultFailurePolicyOptions } from './built-in.js';
import { compileFailurePolicy, type CompiledFailurePolicy, type FailurePolicyParts } from './compile-policy.js';
import { DEAD_LETTER, type FailurePolicyFunction } from './failure.js';
import type { FailureRule } from './verbs.js';

/** What the decorators of one handler and of its message say. */
export interface HandlerFailureRules {
  readonly handlerRules: readonly FailureRule[];
  readonly messageRules: readonly FailureRule[];
}

/** What decides about the failures of one handler behind one queue. */
export interface QueueFailurePolicy extends CompiledFailurePolicy {
  /**
   * How many attempts there may be, whatever is asked: as many as settings or the longest rule say, and 100 where a function
   * decides. A message that has had more has ended its process again and again.
   */
  readonly attemptLimit: number;
}

/** How often a message is begun at most where a function decides: it cannot be asked how often it would say so. */
const MOST_ATTEMPTS = 100;
const REPORTED = Object.assign(() => DEAD_LETTER, { text: 'the error is reported' });
/** In the caller's turn nobody tries again unless a rule says so: the caller has the error. */
const NO_RETRY = Object.assign(() => DEAD_LETTER, { text: 'the error goes to the caller; of an event it is reported' });

/** What decides about the failures of one handler in the caller's turn, or of one saga. */
export interface TurnFailurePolicy extends CompiledFailurePolicy {
  /** How often a message is tried at most, whatever is asked: 100 times where a function decides, else as rules say, which end. */
  readonly attemptLimit: number;
}

/** The failure policies of an application, compiled when they are first asked. */
export class FailurePolicies {
  private readonly behindQueues = new WeakMap<
    HandlerFailureRules,
    WeakMap<DefaultFailurePolicyOptions, QueueFailurePolicy>
  >();
  private readonly inTurns = new WeakMap<HandlerFailureRules, TurnFailurePolicy>();

  constructor(
    private readonly policy: FailurePolicyFunction | undefined,
    private readonly moduleRules: readonly FailureRule[],
    private readonly report: FailurePolicyParts['report'],
  ) {}

  /** Whether anything but the default decides. */
  governs({ handlerRules, messageRules }: HandlerFailureRules): boolean {
    return this.policy !== undefined || handlerRules.length + messageRules.length + this.moduleRules.length > 0;
  }

  /** @param settings of the queue; the same object each time */
  behindQueue(rules: HandlerFailureRules, settings: DefaultFailurePolicyOptions): QueueFailurePolicy {
    const known = this.behindQueues.get(rules) ?? new WeakMap<DefaultFailurePolicyOptions, QueueFailurePolicy>();
    this.behindQueues.set(rules, known);
    const found = known.get(settings);
    if (found !== undefined) return found;
    const all = [...rules.handlerRules, ...rules.messageRules, ...this.moduleRules];
    const most = this.policy === undefined ? settings.maxAttempts : Math.max(settings.maxAttempts, MOST_ATTEMPTS);
    const attemptLimit = Math.max(most, ...all.map(({ actions }) => actions.length + 1));
    const made = { ...this.compile(rules, defaultFailurePolicy(settings)), attemptLimit };
    known.set(settings, made);
    return made;
  }

  inTurn(rules: HandlerFailureRules): TurnFailurePolicy {
    const made = this.inTurns.get(rules) ?? this.limited(rules, NO_RETRY);
    this.inTurns.set(rules, made);
    return made;
  }

  /** What decides about a saga's failures, by the rules of its class and the module's; undefined where there are none. */
  ofSaga(handlerRules: readonly FailureRule[]): TurnFailurePolicy | undefined {
    const rules = { handlerRules, messageRules: [] };
    if (!this.governs(rules)) return undefined;
    return this.limited(rules, REPORTED);
  }

  private limited(rules: HandlerFailureRules, fallback: FailurePolicyParts['fallback']): TurnFailurePolicy {
    const attemptLimit = this.policy === undefined ? Infinity : MOST_ATTEMPTS;
    return { ...this.compile(rules, fallback), attemptLimit };
  }

  private compile({ handlerRules, messageRules }: HandlerFailureRules, fallback: FailurePolicyParts['fallback']) {
    const { policy, moduleRules, report } = this;
    return compileFailurePolicy({ policy, handlerRules, messageRules, moduleRules, fallback, report });
  }
}
