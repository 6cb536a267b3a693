/** Aggregates, event publication, sagas. Part of the public surface, `lib/index.ts`. */

export { AggregateRoot, type ApplyOptions, type IAggregateRoot } from '../events/aggregate-root.js';
export { AggregateNotConnectedError } from '../events/errors.js';
export { EventPublisher } from '../events/event-publisher.js';
export { ofType } from '../events/of-type.js';
export { On } from '../events/on.decorator.js';
export { InvalidSagaError, InvalidSagaOutputError } from '../sagas/errors.js';
export { Saga, type ISaga, type SagaOutput } from '../sagas/saga.decorator.js';
