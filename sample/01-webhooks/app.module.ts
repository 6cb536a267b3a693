import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DispatchExceptionFilter, DispatchModule, RunMode, type QueueBackendFactory } from 'nestjs-dispatch';

import { ActivityFeed } from './github/activity-feed.js';
import {
  AuditAccess,
  FollowIssues,
  FollowPullRequests,
  FollowReleases,
  NoteComments,
  QueueReviews,
  TriageIssues,
  WatchAlerts,
  WelcomeStargazers,
} from './github/event-handlers.js';
import { RecordPushHandler, RunWorkflowHandler } from './github/command-handlers.js';
import { GithubSource } from './github/github.source.js';
import { PingResponder } from './github/ping-responder.js';
import { MAX_WEBHOOK_BYTES } from './settings.js';
import { Tally, TallyModule } from './tally.js';
import { WebhooksController } from './webhooks.controller.js';

@Module({
  imports: [TallyModule],
  controllers: [WebhooksController],
  providers: [
    { provide: APP_FILTER, useClass: DispatchExceptionFilter },
    GithubSource,
    ActivityFeed,
    RecordPushHandler,
    RunWorkflowHandler,
    TriageIssues,
    FollowIssues,
    QueueReviews,
    FollowPullRequests,
    NoteComments,
    FollowReleases,
    WelcomeStargazers,
    AuditAccess,
    WatchAlerts,
    PingResponder,
  ],
})
export class AppModule {
  /** In the caller's turn where no queue is given. */
  static with(queue?: QueueBackendFactory): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DispatchModule.forRootAsync({
          imports: [TallyModule],
          inject: [Tally],
          useFactory: (tally: Tally) => ({
            maxPayloadBytes: MAX_WEBHOOK_BYTES,
            hooks: [tally],
            ...(queue !== undefined && { queue, runMode: RunMode.Async, queues: { defaults: { concurrency: 8 } } }),
          }),
        }),
      ],
    };
  }
}
