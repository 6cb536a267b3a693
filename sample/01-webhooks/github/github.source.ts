import {
  header,
  hmacSignature,
  Source,
  type MessageSource,
  type NoHandlerError,
  type RoutedMessage,
  type RouteContext,
  type TransportMeta,
  type View,
} from 'nestjs-dispatch';

import { WEBHOOK_SECRET } from '../settings.js';

/** GitHub sends these whether we want them or not, and that nothing handles them is fine. */
const IGNORED_EVENTS = new Set([
  'cache_sync',
  'check_run',
  'check_suite',
  'content_reference',
  'create',
  'delete',
  'deploy_key',
  'deployment',
  'deployment_status',
  'discussion',
  'discussion_comment',
  'fork',
  'gollum',
  'label',
  'milestone',
  'org_block',
  'organization',
  'package',
  'page_build',
  'project',
  'project_card',
  'project_column',
  'projects_v2_item',
  'public',
  'pull_request_review_comment',
  'pull_request_review_thread',
  'release',
  'repository',
  'star',
  'status',
  'team',
  'team_add',
  'workflow_job',
  'workflow_run',
]);

/** Recognises GitHub by its header, checks the signature, and names each message after its event and action. */
@Source({ name: 'github', match: header('x-github-event') })
export class GithubSource implements MessageSource {
  readonly verify = hmacSignature({ header: 'x-hub-signature-256', prefix: 'sha256=', secret: WEBHOOK_SECRET });

  parse(view: View, meta: TransportMeta): RoutedMessage {
    const event = String(meta.headers?.['x-github-event']);
    const action = view.getString('action');
    return { key: action === undefined ? `github/${event}` : `github/${event}.${action}`, payload: view.value };
  }

  /** To return skips the message, to throw refuses it: then GitHub lists it as a failed delivery, and somebody looks. */
  onNoHandler({ meta }: RouteContext, error: NoHandlerError): void {
    if (!IGNORED_EVENTS.has(String(meta.headers?.['x-github-event']))) throw error;
  }
}
