import { Logger } from '@nestjs/common';

import { describeKind } from '../common/describe-value.js';
import { errorText, stackOf } from '../common/dispatch-error.js';
import type { KeyedDispatch } from '../dispatcher/keyed-route.js';
import type { KeyHandler, ProcessResult, RawIntake, RawMessage, TransportMeta } from '../dispatcher/raw-intake.js';
import { MessageTooLargeError } from '../message/errors.js';
import { Delivery, type ToMessage } from './delivery.js';
import {
  BadSignatureError,
  DuplicateKeyError,
  NoSourceError,
  SourceSetupError,
  UnreadableRawMessageError,
  UnverifiableMessageError,
} from './errors.js';
import { HookChain, type RouterHooks } from './hooks.js';
import { KeyHandlers } from './key-handlers.js';
import { Passage } from './passage.js';
import { loggingObserver, type RouterLogger } from './router-log.js';
import type { RouterObserver } from './router-observer.js';
import type { Inspector } from './sources/inspector.js';
import { SourceGroups } from './sources/source-groups.js';
import { sourceProblems } from './sources/source-problems.js';
import type { RoutedMessage, SourceEntry } from './sources/source.js';
import type { View } from './sources/view.js';

/** What a {@link MessageRouter} works with. */
export interface MessageRouterOptions {
  readonly dispatch: KeyedDispatch;
  readonly toMessage: ToMessage;
  readonly observer: RouterObserver;
  /** The inspector of sources that name none: JSON. */
  readonly defaultInspector: Inspector;
  /** The largest message that is looked at, in bytes; a string counts as its UTF-8. */
  readonly maxPayloadBytes: number;
  /** Hooks for the messages of all sources, run before the source's own, in this order. Default: none. */
  readonly hooks?: readonly RouterHooks[];
  /** Is told of every message that is not handled, and of faults that change no outcome. Default: Nest's logger. */
  readonly logger?: RouterLogger;
}

interface RegisteredSource extends SourceEntry {
  readonly hooks: HookChain;
}

/**
 * The way of bytes to a handler: size limit, inspection, source, signature, parsing, key, message, hooks, dispatch,
 * reply. Keeps no state between messages, so one that fails changes nothing for the next.
 */
export class MessageRouter implements RawIntake {
  private readonly keyHandlers = new KeyHandlers();
  private readonly logger: RouterLogger;
  private readonly observer: RouterObserver;
  private readonly delivery: Delivery;
  private readonly unmatchedHooks: HookChain;
  private sources: readonly RegisteredSource[] = [];
  private groups: SourceGroups<RegisteredSource>;

  constructor(private readonly options: MessageRouterOptions) {
    this.logger = options.logger ?? new Logger(MessageRouter.name);
    this.observer = loggingObserver(this.logger, options.observer);
    this.delivery = new Delivery({ ...options, observer: this.observer, keyHandlers: this.keyHandlers });
    this.unmatchedHooks = this.hookChain(options.hooks ?? []);
    this.groups = new SourceGroups(options.defaultInspector, []);
  }

  /**
   * Adds sources after those already there, for all messages from now on.
   * @throws DISPATCH_SOURCE_SETUP listing every problem, as `sourceProblems` does; nothing is added then
   */
  registerSources(entries: readonly SourceEntry[]): void {
    const problems = sourceProblems(entries, this.sourceNames());
    if (problems.length > 0) throw new SourceSetupError(problems);
    const added = entries.map(({ options, source }) => {
      return { options, source, hooks: this.hookChain([...(this.options.hooks ?? []), source]) };
    });
    this.sources = [...this.sources, ...added];
    this.groups = new SourceGroups(this.options.defaultInspector, this.sources);
  }

  /** The names of the registered sources, in the order they are asked. */
  sourceNames(): readonly string[] {
    return this.sources.map(({ options }) => options.name);
  }

  /**
   * Function handlers whose key a message class has too, which happens when they were added before the classes were
   * known. Until it is resolved the function is called. Empty is right; for the check at bootstrap.
   */
  conflictingKeys(): readonly string[] {
    return this.keyHandlers.keys().filter((key) => this.options.dispatch.routeFor(key, undefined) !== undefined);
  }

  on(key: string, handler: KeyHandler, options: { readonly signal?: AbortSignal } = {}): () => void {
    if (this.options.dispatch.routeFor(key, undefined) !== undefined) throw new DuplicateKeyError(key);
    this.options.dispatch.noteFunction(handler);
    return this.keyHandlers.add(key, handler, options.signal);
  }

  async process(raw: RawMessage | undefined, meta: TransportMeta = {}): Promise<ProcessResult> {
    const passage = new Passage(meta);
    try {
      return await this.route(passage, raw);
    } catch (error) {
      this.observer.refused({ source: passage.source, key: passage.key, reason: passage.reason, error });
      await this.delivery.reply(passage, { error });
      throw error;
    }
  }

  private async route(passage: Passage, given: RawMessage | undefined): Promise<ProcessResult> {
    const raw = bytesOf(given);
    this.checkSize(passage, raw);
    const recognised = this.groups.recognise(raw, passage.meta);
    if (recognised.entry === undefined) return this.unrecognised(passage, recognised.error);
    const { entry, view } = recognised;
    passage.source = entry.options.name;
    if (entry.source.verify !== undefined) await this.verify(passage, entry, raw);
    const routed = await this.parse(passage, entry, view);
    if (routed instanceof UnreadableRawMessageError) {
      return this.delivery.decide(passage, entry.hooks, { hook: 'onParseError', error: routed });
    }
    passage.parsed(routed);
    return this.delivery.deliver(passage, { source: passage.source, routed, hooks: entry.hooks });
  }

  private checkSize(passage: Passage, raw: RawMessage): void {
    const sizeBytes = typeof raw === 'string' ? Buffer.byteLength(raw) : raw.byteLength;
    if (sizeBytes <= this.options.maxPayloadBytes) return;
    passage.reason = 'tooLarge';
    throw new MessageTooLargeError(sizeBytes, this.options.maxPayloadBytes);
  }

  private unrecognised(passage: Passage, error: NoSourceError | UnreadableRawMessageError): Promise<ProcessResult> {
    if (error instanceof NoSourceError) {
      return this.delivery.decide(passage, this.unmatchedHooks, { hook: 'onNoSource', error });
    }
    return this.delivery.decide(passage, this.unmatchedHooks, { hook: 'onParseError', error });
  }

  private async verify(passage: Passage, { source, options }: RegisteredSource, raw: RawMessage): Promise<void> {
    passage.reason = 'badSignature';
    try {
      if ((await source.verify?.(raw, passage.meta)) === false) throw new BadSignatureError('rejected');
    } catch (cause) {
      if (cause instanceof BadSignatureError) throw new BadSignatureError(cause.reason, options.name, { cause });
      passage.reason = 'unverifiable';
      throw new UnverifiableMessageError(options.name, { cause });
    }
    passage.reason = 'unreadable';
  }

  private async parse(
    passage: Passage,
    { source, options }: RegisteredSource,
    view: View,
  ): Promise<RoutedMessage | UnreadableRawMessageError> {
    try {
      const routed = await source.parse(view, passage.meta);
      const fault = routedFault(routed);
      return fault === undefined ? routed : new UnreadableRawMessageError(fault, { source: options.name });
    } catch (cause) {
      const fault = 'the source cannot parse it, see the cause';
      return new UnreadableRawMessageError(fault, { source: options.name }, { cause });
    }
  }

  private hookChain(hooks: readonly RouterHooks[]): HookChain {
    return new HookChain(hooks, (hook, error) => {
      this.logger.error(`Hook "${hook}" failed; the message is not affected: ${errorText(error)}`, stackOf(error));
    });
  }
}

/** @throws DISPATCH_UNREADABLE_MESSAGE for anything but bytes and strings, which untyped callers may well pass */
function bytesOf(raw: unknown): RawMessage {
  if (typeof raw === 'string' || raw instanceof Uint8Array) return raw;
  const isObject = typeof raw === 'object' && raw !== null;
  const found = `${describeKind(raw)}${isObject ? ' (was the body parsed already?)' : ''}`;
  const advice =
    'for HTTP create the application with { rawBody: true }, pass request.rawBody, ' +
    'and have a body parser that takes the content type';
  throw new UnreadableRawMessageError(`it is ${found}, not bytes or a string; ${advice}`, {});
}

/**
 * What is wrong with what a source made of a message; undefined if nothing is. A source is foreign code: its types keep
 * it neither from forgetting to return nor from reading the key from a header that is not there.
 */
function routedFault(routed: unknown): string | undefined {
  if (routed === undefined || routed === null) return 'the source returned nothing: return { key, payload }';
  if (typeof routed !== 'object') return `the source returned ${describeKind(routed)}: return { key, payload }`;
  const hasKey = 'key' in routed && typeof routed.key === 'string' && routed.key !== '';
  return hasKey ? undefined : 'the source read no key from it';
}
