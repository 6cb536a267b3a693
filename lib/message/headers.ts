/**
 * Facts that travel with a message and with everything its handlers send. Names are the sender's own but for the five
 * below, which have a fixed meaning; values are strings so that every transport can carry them.
 */
export interface MessageHeaders {
  /** Shared by everything that one first message led to; the id of that first message unless it was given one. */
  readonly correlationId?: string;
  /** The id of the message whose handler sent this one; absent on a first message. */
  readonly causationId?: string;
  /** W3C Trace Context of the sender. @see https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent?: string;
  readonly tenant?: string;
  readonly user?: string;
  readonly [name: string]: string | undefined;
}
