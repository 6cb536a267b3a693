import { EventsHandler, type IEventHandler } from 'nestjs-dispatch';

import { ActivityFeed } from './activity-feed.js';
import { githubKeys } from './keys.js';
import {
  AccessChanged,
  CommentWritten,
  IssueChanged,
  IssueOpened,
  PullRequestChanged,
  PullRequestOpened,
  ReleasePublished,
  RepositoryStarred,
  SecurityAlert,
} from './messages.js';

@EventsHandler(IssueOpened, { keys: ['github/issues.opened'] })
export class TriageIssues implements IEventHandler<IssueOpened> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ issue, repository }: IssueOpened): void {
    this.feed.add('issues', `${repository.full_name}#${issue.number} ${issue.title}`);
  }
}

@EventsHandler(IssueChanged, {
  keys: [
    ...githubKeys('issues', 'assigned', 'unassigned', 'labeled', 'unlabeled', 'milestoned', 'demilestoned'),
    ...githubKeys('issues', 'deleted', 'edited', 'locked', 'unlocked', 'pinned', 'unpinned', 'reopened', 'transferred'),
  ],
})
export class FollowIssues implements IEventHandler<IssueChanged> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ action, issue, repository }: IssueChanged): void {
    this.feed.add('issues', `${repository.full_name}#${issue.number} ${action}`);
  }
}

@EventsHandler(PullRequestOpened, { keys: ['github/pull_request.opened'] })
export class QueueReviews implements IEventHandler<PullRequestOpened> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ pull_request, repository }: PullRequestOpened): void {
    this.feed.add('pull requests', `${repository.full_name}#${pull_request.number} ${pull_request.title}`);
  }
}

@EventsHandler(PullRequestChanged, {
  keys: [
    ...githubKeys('pull_request', 'assigned', 'unassigned', 'labeled', 'unlabeled', 'locked', 'unlocked'),
    ...githubKeys('pull_request', 'closed', 'reopened', 'synchronize', 'converted_to_draft', 'ready_for_review'),
    ...githubKeys('pull_request', 'review_requested', 'review_request_removed'),
    ...githubKeys('pull_request_review', 'submitted', 'dismissed'),
  ],
})
export class FollowPullRequests implements IEventHandler<PullRequestChanged> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ action, pull_request, repository }: PullRequestChanged): void {
    this.feed.add('pull requests', `${repository.full_name}#${pull_request.number} ${action}`);
  }
}

@EventsHandler(CommentWritten, {
  keys: ['github/issue_comment.created', 'github/commit_comment.created', 'github/pull_request_review_comment.created'],
})
export class NoteComments implements IEventHandler<CommentWritten> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ comment }: CommentWritten): void {
    this.feed.add('comments', `${comment.user.login} wrote ${comment.html_url}`);
  }
}

@EventsHandler(ReleasePublished, { keys: ['github/release.published'] })
export class FollowReleases implements IEventHandler<ReleasePublished> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ release, repository }: ReleasePublished): void {
    this.feed.add('releases', `${repository.full_name} ${release.tag_name}`);
  }
}

@EventsHandler(RepositoryStarred, { keys: ['github/star.created', 'github/watch.started'] })
export class WelcomeStargazers implements IEventHandler<RepositoryStarred> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ repository, sender }: RepositoryStarred): void {
    this.feed.add('stars', `${sender.login} likes ${repository.full_name}`);
  }
}

@EventsHandler(AccessChanged, {
  keys: [
    ...githubKeys('member', 'added', 'edited'),
    ...githubKeys('membership', 'added', 'removed'),
    ...githubKeys('organization', 'member_added', 'member_invited', 'member_removed'),
  ],
})
export class AuditAccess implements IEventHandler<AccessChanged> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ action, sender }: AccessChanged): void {
    this.feed.add('access', `${action} by ${sender.login}`);
  }
}

@EventsHandler(SecurityAlert, {
  keys: [
    ...githubKeys('code_scanning_alert', 'created', 'reopened', 'fixed', 'closed_by_user'),
    ...githubKeys('dependabot_alert', 'created', 'fixed'),
    ...githubKeys('repository_vulnerability_alert', 'create', 'dismiss'),
    ...githubKeys('secret_scanning_alert', 'reopened'),
  ],
})
export class WatchAlerts implements IEventHandler<SecurityAlert> {
  constructor(private readonly feed: ActivityFeed) {}

  handle({ action, repository }: SecurityAlert): void {
    this.feed.add('security', `${repository.full_name} ${action}`);
  }
}
