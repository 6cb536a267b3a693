import type { HandlerContext } from '../message/message-context.js';

/** A foreign message as it arrived. Pass the untouched bytes: signatures are made over them. A Buffer is a Uint8Array. */
export type RawMessage = Uint8Array | string;

/** What the transport knows of a message beside its bytes. Adapters add facts of their own under further names. */
export interface TransportMeta {
  /** As the transport gave them; looked up without regard to upper and lower case. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The transport's name, such as `'http'`. */
  readonly transport?: string;
  /** Aborts when the transport gives the message up; handlers see it as their context's `signal`. */
  readonly signal?: AbortSignal;
  readonly [fact: string]: unknown;
}

/** How a raw message ended. Every other ending is a rejection. */
export interface ProcessResult {
  /** `'skipped'` when an error hook decided to let the message go. */
  readonly outcome: 'handled' | 'skipped';
  /** The name of the source that recognised it; undefined where none did. */
  readonly source: string | undefined;
  /** The key the source read from it; undefined where it did not come that far. */
  readonly key: string | undefined;
  /** What the handler returned; undefined for an event, a procedure and a skipped message. */
  readonly result: unknown;
}

/** What a function handler is given beside the payload. */
export interface KeyHandlerContext {
  readonly key: string;
  /** The name of the source that recognised the message. */
  readonly source: string;
  /** The headers the source and the `onParse` hooks gave the message; the transport's own are in `meta`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly meta: TransportMeta;
  /** Ids, a signal, and the verbs to send further messages because of this one. */
  readonly context: HandlerContext;
  /** The transport's signal, where it gave one. */
  readonly signal?: AbortSignal;
}

/** A plain function that handles the messages of one key. What it returns is the result and goes to the replier. */
export type KeyHandler = (payload: unknown, context: KeyHandlerContext) => unknown;

/**
 * The door for bytes: recognises a foreign message, reads it and has it handled. Messages are independent of each
 * other: calls may overlap, no order is kept, and a message that fails changes nothing for the next.
 */
export interface RawIntake {
  /**
   * Handles one foreign message; resolves when its handlers are done. `undefined` counts as an unreadable message, so
   * that `request.rawBody` can be passed as it is.
   * @throws DISPATCH_MESSAGE_TOO_LARGE, DISPATCH_UNREADABLE_MESSAGE, DISPATCH_NO_SOURCE, DISPATCH_BAD_SIGNATURE,
   * DISPATCH_UNVERIFIABLE_MESSAGE, DISPATCH_NO_HANDLER, DISPATCH_INVALID_MESSAGE, DISPATCH_HOOK_FAILED,
   * DISPATCH_HANDLER_FAILED, DISPATCH_CLOSED, or what an error hook throws; always as a rejection
   */
  process(raw: RawMessage | undefined, meta?: TransportMeta): Promise<ProcessResult>;
  /**
   * Handles the messages of one key with a function.
   * @param options `signal` removes the handler when it aborts; with one that has aborted nothing is added
   * @returns removes the handler; calling it again does nothing
   * @throws DISPATCH_DUPLICATE_KEY when something handles the key already
   */
  on(key: string, handler: KeyHandler, options?: { readonly signal?: AbortSignal }): () => void;
}
