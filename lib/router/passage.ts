import type { ProcessResult, TransportMeta } from '../dispatcher/raw-intake.js';
import type { SendOptions } from '../message/message-context.js';
import type { RouteContext } from './hooks.js';
import type { RefusalReason } from './router-observer.js';
import type { RoutedMessage } from './sources/source.js';

/** One message on its way through the router: what is known of it so far. */
export class Passage implements RouteContext {
  readonly headers: Record<string, string> = {};
  source: string | undefined;
  routed: RoutedMessage | undefined;
  /** What a failure at this point is to be called. */
  reason: RefusalReason = 'unreadable';

  constructor(readonly meta: TransportMeta) {}

  get key(): string | undefined {
    return this.routed?.key;
  }

  get version(): number | undefined {
    return this.routed?.version;
  }

  get id(): string | undefined {
    return this.routed?.id;
  }

  get payload(): unknown {
    return this.routed?.payload;
  }

  /** Takes over what the source made of the message. */
  parsed(routed: RoutedMessage): void {
    this.routed = routed;
    for (const [name, value] of Object.entries(routed.headers ?? {})) {
      if (value !== undefined) this.headers[name] = value;
    }
  }

  sendOptions(): SendOptions {
    const { id, messageKey } = this.routed ?? {};
    return {
      headers: this.headers,
      ...(this.meta.signal !== undefined && { signal: this.meta.signal }),
      ...(id !== undefined && { id }),
      ...(messageKey !== undefined && { key: messageKey }),
    };
  }

  result(outcome: ProcessResult['outcome'], result: unknown): ProcessResult {
    return { outcome, source: this.source, key: this.key, result };
  }
}
