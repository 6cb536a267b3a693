import type { SendOptions } from '../message/message-context.js';

/** What a publisher who waits may say of one event. */
export interface PublishOptions extends SendOptions {
  /**
   * What to wait for: the event's handlers (default), or also the commands that sagas send in the same turn because of
   * it. Commands a saga sends later, after a timer for instance, are never waited for.
   */
  readonly await?: 'handlers' | 'sagas';
}
