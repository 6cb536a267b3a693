import { Logger } from '@nestjs/common';

import type { Dispatcher } from '../dispatcher/dispatcher.js';
import type { MessageStreams } from '../dispatcher/message-streams.js';
import { AsyncContext } from '../message/async-context.js';
import type { Command } from '../message/message.js';
import { ObservableBus } from '../message/observable/observable-bus.js';
import type { SendOptions } from '../message/message-context.js';
import { SUBSCRIBERS_ONLY, type ICommandPublisher } from './publishers.js';
import { sendThrough } from './send-through.js';

/** The door for commands, with the names of `@nestjs/cqrs`. Subscribing shows every command that is dispatched. */
export class CommandBus<CommandBase extends object = object> extends ObservableBus<CommandBase> {
  constructor(
    private readonly dispatcher: Dispatcher,
    streams: MessageStreams,
    private customPublisher?: ICommandPublisher | undefined,
  ) {
    const logger = new Logger('CommandBus');
    super(streams.commands as never, (error) => logger.error('A subscriber has thrown.', error));
  }

  /** Is told of every command executed through the bus, beside the subscribers. Default: one that tells nobody else. */
  get publisher(): ICommandPublisher {
    return this.customPublisher ?? SUBSCRIBERS_ONLY;
  }

  set publisher(publisher: ICommandPublisher | undefined) {
    this.customPublisher = publisher === SUBSCRIBERS_ONLY ? undefined : publisher;
  }

  /**
   * Sends a command to its one handler and resolves with the result. Never throws synchronously.
   *
   * @param options how to send it, or the scope its request-scoped handler is to share
   * @throws the same codes as `Dispatcher#execute`
   */
  execute<R = void>(command: Command<R>, options?: SendOptions | AsyncContext): Promise<R>;
  // A command without a base says nothing of its result; callers written for `@nestjs/cqrs` rely on `any` here.
  execute<T extends CommandBase, R = any>(command: T, options?: SendOptions | AsyncContext): Promise<R>;
  execute<R>(command: Command<R>, options?: SendOptions | AsyncContext): Promise<R> {
    if (options === undefined && this.customPublisher === undefined) return this.dispatcher.execute(command);
    return sendThrough(this.customPublisher, command, options, (sendOptions) =>
      this.dispatcher.execute(command, sendOptions),
    );
  }
}
