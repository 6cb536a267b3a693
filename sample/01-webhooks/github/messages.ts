import type {
  IssueCommentCreatedEvent,
  IssuesEvent,
  IssuesOpenedEvent,
  PullRequestEvent,
  PullRequestOpenedEvent,
  PushEvent,
  ReleasePublishedEvent,
  StarCreatedEvent,
  WorkflowDispatchEvent,
} from '@octokit/webhooks-types';
import { Command, Event, Message } from 'nestjs-dispatch';

// Each class takes from GitHub's payload what its handlers need. The fields are declared only: the payload fills them.

/** Somebody pushed commits, which we are to record. */
@Message('github.record-push')
export class RecordPush extends Command<{ commitCount: number }> {
  declare readonly ref: PushEvent['ref'];
  declare readonly commits: PushEvent['commits'];
  declare readonly repository: PushEvent['repository'];
}

/** Somebody asked for a workflow to run. */
@Message('github.run-workflow')
export class RunWorkflow extends Command {
  declare readonly repository: WorkflowDispatchEvent['repository'];
  declare readonly sender: WorkflowDispatchEvent['sender'];
}

@Message('github.issue-opened')
export class IssueOpened extends Event {
  declare readonly issue: IssuesOpenedEvent['issue'];
  declare readonly repository: IssuesOpenedEvent['repository'];
}

@Message('github.issue-changed')
export class IssueChanged extends Event {
  declare readonly action: IssuesEvent['action'];
  declare readonly issue: IssuesEvent['issue'];
  declare readonly repository: IssuesEvent['repository'];
}

@Message('github.pull-request-opened')
export class PullRequestOpened extends Event {
  declare readonly pull_request: PullRequestOpenedEvent['pull_request'];
  declare readonly repository: PullRequestOpenedEvent['repository'];
}

@Message('github.pull-request-changed')
export class PullRequestChanged extends Event {
  declare readonly action: PullRequestEvent['action'];
  declare readonly pull_request: PullRequestEvent['pull_request'];
  declare readonly repository: PullRequestEvent['repository'];
}

/** On an issue, a commit or a pull request: what they have in common. */
@Message('github.comment-written')
export class CommentWritten extends Event {
  declare readonly comment: Pick<IssueCommentCreatedEvent['comment'], 'html_url' | 'user'>;
  declare readonly repository: IssueCommentCreatedEvent['repository'];
}

@Message('github.release-published')
export class ReleasePublished extends Event {
  declare readonly release: ReleasePublishedEvent['release'];
  declare readonly repository: ReleasePublishedEvent['repository'];
}

@Message('github.repository-starred')
export class RepositoryStarred extends Event {
  declare readonly repository: StarCreatedEvent['repository'];
  declare readonly sender: StarCreatedEvent['sender'];
}

/** Somebody got or lost access; what the events of members and teams have in common. */
@Message('github.access-changed')
export class AccessChanged extends Event {
  declare readonly action: string;
  declare readonly sender: StarCreatedEvent['sender'];
}

/** What all kinds of alerts have in common. */
@Message('github.security-alert')
export class SecurityAlert extends Event {
  declare readonly action: string;
  declare readonly repository: StarCreatedEvent['repository'];
}
