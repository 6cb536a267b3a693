import { CommandHandler, type ICommandHandler } from 'nestjs-dispatch';

import { ActivityFeed } from './activity-feed.js';
import { RecordPush, RunWorkflow } from './messages.js';

/** What `execute` returns is the `result` in the answer to the webhook. */
@CommandHandler(RecordPush, { keys: ['github/push'] })
export class RecordPushHandler implements ICommandHandler<RecordPush> {
  constructor(private readonly feed: ActivityFeed) {}

  async execute({ ref, commits, repository }: RecordPush) {
    this.feed.add('pushes', `${commits.length} commits to ${ref} of ${repository.full_name}`);
    return { commitCount: commits.length };
  }
}

/** Two kinds of webhooks lead to one command. */
@CommandHandler(RunWorkflow, { keys: ['github/workflow_dispatch', 'github/repository_dispatch.on-demand-test'] })
export class RunWorkflowHandler implements ICommandHandler<RunWorkflow> {
  constructor(private readonly feed: ActivityFeed) {}

  async execute({ repository, sender }: RunWorkflow) {
    this.feed.add('workflows', `${sender.login} runs one in ${repository.full_name}`);
  }
}
