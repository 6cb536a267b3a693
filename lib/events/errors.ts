import { DispatchError } from '../common/dispatch-error.js';

/** An aggregate published an event, but nothing says where to. The events stay uncommitted. */
export class AggregateNotConnectedError extends DispatchError {
  readonly code = 'DISPATCH_AGGREGATE_NOT_CONNECTED';

  constructor(readonly aggregateName: string) {
    super(
      `${aggregateName} has events to publish but no bus: get it through EventPublisher#mergeObjectContext or #mergeClassContext, or save it with its AggregateRepository.`,
    );
  }
}
