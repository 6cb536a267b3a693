import { randomUUID } from 'node:crypto';

import type { AmbientStore } from '../message/ambient-context.js';
import { encodeJson, type CodecLimits } from '../message/codec/json-codec.js';
import { MessageTooLargeError } from '../message/errors.js';
import type { MessageHeaders } from '../message/headers.js';
import type { HandlerContext } from '../message/message-context.js';
import type { MessageRegistry } from '../message/message-registry.js';
import { classOf } from '../message/message.js';
import { checkAppend } from './append-check.js';
import type { AppendHook, HookedAppend } from './append-hook.js';
import { UnknownEventError } from './errors.js';
import type {
  AppendResult,
  EventMetadata,
  EventStore,
  ExpectedVersion,
  NewEvent,
  StoreAppendOptions,
  StoreAppendResult,
} from './event-store.port.js';

/** Who writes events, and in what. */
export interface WriteOptions<Transaction = unknown> {
  /** Kept with the events, beside the headers of the message whose handler writes them, and before those. */
  readonly headers?: MessageHeaders | undefined;
  /** The message whose handler writes them. Needed only with `context: 'explicit'`, where it is not found by itself. */
  readonly context?: HandlerContext | undefined;
  /** The caller's own transaction, where the store takes one. */
  readonly transaction?: Transaction | undefined;
}

/** How events are appended to a stream. */
export interface AppendOptions<Transaction = unknown> extends WriteOptions<Transaction> {
  /** What the stream must be like; there is no default, since `'any'` loses the reason to have versions. */
  readonly expectedVersion: ExpectedVersion;
}

/** What an append has come to. */
export interface Appended extends AppendResult {
  /** As they were stored, in their order. */
  readonly written: readonly NewEvent[];
}

/** What a writer needs; all of it lives as long as the application. */
export interface EventWriterParts {
  readonly messages: MessageRegistry;
  readonly limits: CodecLimits;
  readonly ambient: AmbientStore;
}

interface KnownClass {
  readonly name: string;
  readonly version: number;
}

/** Makes what a store takes out of instances of the application's classes, and appends it. */
export class EventWriter {
  private hook: AppendHook | undefined;
  private readonly known = new WeakMap<object, KnownClass>();

  constructor(private readonly parts: EventWriterParts) {}

  /** Has every append go through a hook from now on. */
  intercept(hook: AppendHook): void {
    this.hook = hook;
  }

  /** Appends all of the events, or none: nothing is stored where one of them cannot be. @throws what `EventLog#append` throws */
  async append<Transaction>(
    store: EventStore<Transaction>,
    stream: string,
    events: readonly object[],
    { expectedVersion, headers, context, transaction }: AppendOptions<Transaction>,
  ): Promise<Appended> {
    // Before they are written as JSON, which takes its time if there are far too many.
    checkAppend(stream, events, expectedVersion);
    const written = this.write(events, context ?? this.parts.ambient.current(), headers);
    const options = transaction === undefined ? { expectedVersion } : { expectedVersion, transaction };
    const { hook } = this;
    const { version, position } =
      hook === undefined || written.length === 0
        ? await store.append(stream, written, options)
        : await hook.append(hooked(store, stream, written, options));
    return { version, position, written };
  }

  private write(
    events: readonly object[],
    context: HandlerContext | undefined,
    headers: MessageHeaders | undefined,
  ): NewEvent[] {
    let metadata: EventMetadata | undefined;
    return events.map((event) => {
      const id = randomUUID();
      const { name, version: schemaVersion } = this.knownDefinition(event);
      metadata ??= metadataOf(context, headers, id);
      return { id, name, schemaVersion, payload: this.textOf(event), metadata };
    });
  }

  /** What is known of a class stays so: its name belongs to nobody else. */
  private knownDefinition(event: object): KnownClass {
    const target = classOf(event);
    let known = this.known.get(target);
    if (known !== undefined) return known;
    const { messages } = this.parts;
    const { name, version } = messages.definition(target);
    if (messages.find(name, version)?.target !== target) throw new UnknownEventError(name, version, undefined);
    known = { name, version };
    this.known.set(target, known);
    return known;
  }

  private textOf(event: object): string {
    const { maxBytes, maxDepth } = this.parts.limits;
    const text = encodeJson(event, maxDepth);
    // A UTF-16 unit takes at most three bytes, so most texts are judged by their length alone.
    const sizeBytes = text.length * 3 <= maxBytes ? 0 : Buffer.byteLength(text);
    if (sizeBytes > maxBytes) throw new MessageTooLargeError(sizeBytes, maxBytes);
    return text;
  }
}

function hooked<Transaction>(
  store: EventStore<Transaction>,
  stream: string,
  events: readonly NewEvent[],
  options: StoreAppendOptions<Transaction>,
): HookedAppend {
  const { expectedVersion } = options;
  const proceed = (transaction: Transaction | undefined, returnsEvents?: boolean): Promise<StoreAppendResult> =>
    store.append(stream, events, { expectedVersion, transaction, returnsEvents });
  // What a hook hands on as a transaction is one of those that the store takes: the caller's, or that of the application's scope.
  return { store, stream, events, options, proceed };
}

/** Outside a handler the first event is the start of what follows from it. */
function metadataOf(
  context: HandlerContext | undefined,
  headers: MessageHeaders | undefined,
  firstId: string,
): EventMetadata {
  const inherited = context === undefined ? {} : { ...context.headers, causationId: context.id };
  const correlationId = headers?.correlationId ?? context?.correlationId ?? firstId;
  return Object.freeze({ ...inherited, ...headers, correlationId });
}
