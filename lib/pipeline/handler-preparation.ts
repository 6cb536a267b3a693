import { isTimeoutMs, MAX_TIMEOUT_MS } from '../common/timeout.js';
import type { DefaultFailurePolicyOptions } from '../failures/policy/built-in.js';
import type { FailurePolicies, HandlerFailureRules, TurnFailurePolicy } from '../failures/policy/failure-policies.js';
import { failureRulesOf } from '../failures/policy/on-error.decorator.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { EventPhase } from '../handlers/handler.decorators.js';
import type { RegisteredHandler } from '../handlers/handler-registry.js';
import type { HandlerFacts, MessageContext } from '../message/message-context.js';
import type { MessageDefinition } from '../message/message.decorator.js';
import { meantRunMode, RunMode } from '../message/run-mode.js';
import type { Pipeline, PipelineBuilder } from './pipeline-builder.js';

/** A handler ready to run: its pipeline is composed, its limits are resolved. */
export interface PreparedHandler extends Pipeline {
  readonly facts: HandlerFacts;
  /** The time limit the handler itself names, in milliseconds; 0 means no limit, undefined that it names none. */
  readonly ownTimeoutMs: number | undefined;
  /** What its decorators, and those of the message, say of failures. */
  readonly failureRules: HandlerFailureRules;
  /** When it runs, seen from the transaction that its event is published in; undefined where its decorator does not say. */
  readonly phase: EventPhase | undefined;
  /** What decides about failures in the caller's turn; undefined where nothing is said of any, and nothing follows one. */
  readonly inTurn: TurnFailurePolicy | undefined;
  /** The handler's own `onFailed`, to be called after the last failure; undefined where it has none. */
  readonly onFailed: ((context: MessageContext, error: unknown) => unknown) | undefined;
  /** What decides about failures behind a queue, or in the caller's turn, one line for each rule. */
  failureTable(settings: DefaultFailurePolicyOptions | undefined): readonly string[];
}

/** Turns registered handlers into ones that can run. */
export class HandlerPreparation {
  constructor(
    private readonly pipelines: PipelineBuilder,
    /** The time limit of handlers that name none, in milliseconds; 0 means no limit. */
    private readonly defaultTimeoutMs: number,
    /** Whether handlers can run behind queues. */
    private readonly hasQueue: boolean,
    private readonly failures: FailurePolicies,
    /** Whether a fault is published for each handler that gives up. */
    private readonly hasFaults: boolean,
  ) {}

  /** @param key tells the handler from all others of its message */
  prepare(handler: RegisteredHandler, definition: MessageDefinition, key: string): PreparedHandler {
    const timeoutMs = handler.options.timeoutMs ?? this.defaultTimeoutMs;
    const facts = Object.freeze({ name: handler.provider.type.name, key, timeoutMs });
    const failureRules = {
      handlerRules: failureRulesOf(handler.provider.type),
      messageRules: failureRulesOf(definition.target),
    };
    const pipeline = this.pipelines.build(handler, definition, timeoutMs);
    const { failures } = this;
    const failureTable = (settings: DefaultFailurePolicyOptions | undefined): readonly string[] =>
      (settings === undefined ? failures.inTurn(failureRules) : failures.behindQueue(failureRules, settings)).table;
    const onFailed = this.pipelines.onFailedOf(handler);
    const { phase, timeoutMs: ownTimeoutMs } = handler.options;
    const own = { facts, ownTimeoutMs, phase, failureRules, failureTable, onFailed };
    const isGoverned = failures.governs(failureRules) || this.hasFaults || onFailed !== undefined;
    if (!isGoverned) return { ...own, ...pipeline, inTurn: undefined };
    // A handler that may be tried again needs a context for each attempt.
    return { ...own, ...pipeline, invokeBare: undefined, inTurn: failures.inTurn(failureRules) };
  }

  /** Looks a handler over before any message comes. @returns what keeps it from being run as it asks to be */
  check(handler: RegisteredHandler): WiringMistake[] {
    this.pipelines.noteReaders(handler);
    const { timeoutMs } = handler.options;
    const mistakes = this.pipelines.mistakesOf(handler);
    if (timeoutMs !== undefined && !isTimeoutMs(timeoutMs)) {
      const text = `${handler.provider.label} has timeoutMs ${timeoutMs}: give a number from 0 (no limit) to ${MAX_TIMEOUT_MS}.`;
      mistakes.push({ rule: 'invalid-options', text });
    }
    const needsQueue = meantRunMode(handler.options) === RunMode.Async;
    if (needsQueue && !this.hasQueue) mistakes.push(missingQueue(handler.provider.label));
    return mistakes;
  }
}

/** Says that a handler, or the module, asks for a queue that is not there. */
export function missingQueue(label: string): WiringMistake {
  const text = `${label} asks for RunMode.Async, which needs the option "queue" of DispatchModule.forRoot(): give inMemoryQueue(), or bullmq() of nestjs-dispatch/bullmq, or use RunMode.Sync.`;
  return { rule: 'missing-queue', text };
}
