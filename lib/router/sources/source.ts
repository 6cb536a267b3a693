import type { RawMessage, TransportMeta } from '../../dispatcher/raw-intake.js';
import type { MessageHeaders } from '../../message/headers.js';
import type { SourceHooks } from '../hooks.js';
import type { Discriminator } from './discriminators.js';
import type { Inspector } from './inspector.js';
import type { View } from './view.js';

/** Sends a handler's result or error back to where the message came from. */
export interface Replier {
  /**
   * Called once, after the handlers succeeded; `{}` where they returned nothing. If it fails, that is logged and
   * notified and the message stays handled: its effects are done, and failing it would have it sent and done again.
   */
  reply(result: unknown): unknown;
  /** Called once, after any failure past parsing, with the error `process` rejects with. Not called for a skipped message. */
  fail(error: unknown): unknown;
}

/** A foreign message in our terms: what its source made of it. */
export interface RoutedMessage {
  /** What is to handle it: a message name, one of a handler's `keys`, or the key of a function handler. */
  readonly key: string;
  /** The version of the payload; by default the newest the key is known with. */
  readonly version?: number;
  /** A plain value to make the message from, or the message itself. */
  readonly payload: unknown;
  /** Gets the outcome. By default nobody does but the caller of `process`. */
  readonly replier?: Replier;
  /** Headers for the dispatched message. The transport's own are not taken over: they may hold credentials. */
  readonly headers?: MessageHeaders;
  /** The sender's id of this message, where it has one: what duplicates are recognised by. Default: a new one. */
  readonly id?: string;
  /** What the message is about, for order per key. */
  readonly messageKey?: string;
}

/**
 * Recognises and reads one foreign format; decorate the class with `@Source`. Its methods may overlap for different
 * messages. It may have any of the hooks of {@link SourceHooks}, which then run for its messages only.
 */
export interface MessageSource extends SourceHooks {
  /**
   * Reads a message this source recognised and, if it has `verify`, verified.
   * @throws anything: the message is then unreadable, with that as the cause
   */
  parse(view: View, meta: TransportMeta): RoutedMessage | PromiseLike<RoutedMessage>;
  /**
   * Tells whether a message is genuine, over its untouched bytes and before `parse`. Return to accept.
   * @throws DISPATCH_BAD_SIGNATURE to refuse, as does the answer `false`; anything else that is thrown means it could
   * not be verified
   */
  verify?(raw: RawMessage, meta: TransportMeta): boolean | void | PromiseLike<boolean | void>;
}

/** How a source is recognised. */
export interface SourceOptions {
  /** Unique among all sources of an application. */
  readonly name: string;
  /** Holds for this source's messages. Where several sources match, the first registered one is taken. */
  readonly match: Discriminator;
  /** Reads this source's format. Default: JSON. */
  readonly inspector?: Inspector;
}

/** A source in function form. */
export interface SourceDefinition extends SourceOptions {
  readonly parse: MessageSource['parse'];
  readonly verify?: NonNullable<MessageSource['verify']>;
}

/** A source as the router takes it. */
export interface SourceEntry {
  readonly options: SourceOptions;
  readonly source: MessageSource;
}

/** Makes a source from functions; provide it with `useValue` or give it to the module's options. */
export function defineSource(definition: SourceDefinition & SourceHooks): DefinedSource {
  return new DefinedSource(definition);
}

/** What {@link defineSource} makes. */
export class DefinedSource implements SourceEntry {
  readonly options: SourceOptions;
  readonly source: MessageSource;

  constructor(definition: SourceDefinition & SourceHooks) {
    this.options = definition;
    this.source = definition;
  }
}
