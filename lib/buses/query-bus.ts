import { Logger } from '@nestjs/common';

import type { Dispatcher } from '../dispatcher/dispatcher.js';
import type { MessageStreams } from '../dispatcher/message-streams.js';
import type { AsyncContext } from '../message/async-context.js';
import type { Query } from '../message/message.js';
import { ObservableBus } from '../message/observable/observable-bus.js';
import type { SendOptions } from '../message/message-context.js';
import { SUBSCRIBERS_ONLY, type IQueryPublisher } from './publishers.js';
import { sendThrough } from './send-through.js';

/** The door for queries, with the names of `@nestjs/cqrs`. Subscribing shows every query that is dispatched. */
export class QueryBus<QueryBase extends object = object> extends ObservableBus<QueryBase> {
  constructor(
    private readonly dispatcher: Dispatcher,
    streams: MessageStreams,
    private customPublisher?: IQueryPublisher | undefined,
  ) {
    const logger = new Logger('QueryBus');
    super(streams.queries as never, (error) => logger.error('A subscriber has thrown.', error));
  }

  /** Is told of every query executed through the bus, beside the subscribers. Default: one that tells nobody else. */
  get publisher(): IQueryPublisher {
    return this.customPublisher ?? SUBSCRIBERS_ONLY;
  }

  set publisher(publisher: IQueryPublisher | undefined) {
    this.customPublisher = publisher === SUBSCRIBERS_ONLY ? undefined : publisher;
  }

  /**
   * Sends a query to its one handler and resolves with the answer. Never throws synchronously.
   *
   * @param options how to send it, or the scope its request-scoped handler is to share
   * @throws the same codes as `Dispatcher#query`
   */
  execute<R>(query: Query<R>, options?: SendOptions | AsyncContext): Promise<R>;
  // A query without a base says nothing of its result; callers written for `@nestjs/cqrs` rely on `any` here.
  execute<T extends QueryBase, R = any>(query: T, options?: SendOptions | AsyncContext): Promise<R>;
  execute<R>(query: Query<R>, options?: SendOptions | AsyncContext): Promise<R> {
    if (options === undefined && this.customPublisher === undefined) return this.dispatcher.query(query);
    return sendThrough(this.customPublisher, query, options, (sendOptions) =>
      this.dispatcher.query(query, sendOptions),
    );
  }
}
