/** What a context knows of the handler it is made for. */
export interface HandlerFacts {
  /** The class name, as logs and errors show it. */
  readonly name: string;
  /** Tells the handler from all others of its message: the class name, with the module's where two share that. */
  readonly key: string;
  /** How long the handler may take, in milliseconds; 0 means no limit. A limit given by the sender comes first. */
  readonly timeoutMs: number;
}

/** What a context knows of the queue its message came through. */
export interface DeliveryFacts {
  readonly queue: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** Keeps how far the handler is, for whoever asks the receipt. */
  progress(value: unknown): Promise<void>;
}

/**
 * Why a message was not let through to its handler for now: nothing was attempted, so no attempt counts. Left on the context
 * by whoever throws the error; a worker reads it there, and so needs no kind of error to steer by.
 */
export interface Refusal {
  readonly error: Error;
  /** When it is worth another try, in milliseconds from now, from 0 to 2 147 483 647. */
  readonly delayMs: number;
  /** What waits that long: the queue the message came through, in this process, or the message alone. */
  readonly rests: 'queue' | 'message';
}
