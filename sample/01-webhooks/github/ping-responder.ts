import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Dispatcher } from 'nestjs-dispatch';

import { ActivityFeed } from './activity-feed.js';

/** Answers the ping GitHub sends when a webhook is set up. A key that needs no message class gets a plain function. */
@Injectable()
export class PingResponder implements OnModuleInit, OnModuleDestroy {
  private stop: (() => void) | undefined;

  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly feed: ActivityFeed,
  ) {}

  onModuleInit(): void {
    this.stop = this.dispatcher.on('github/ping', () => {
      this.feed.add('pings', 'pong');
      return 'pong';
    });
  }

  onModuleDestroy(): void {
    this.stop?.();
  }
}
