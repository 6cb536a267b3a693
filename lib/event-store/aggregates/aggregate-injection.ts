import { Inject, type Provider } from '@nestjs/common';

import { describeValue } from '../../common/describe-value.js';
import { InvalidAggregateError } from '../errors.js';
import { EventSourcing } from '../event-sourcing.js';
import { categoryOfAggregate, type AggregateClass } from './aggregate.decorator.js';
import { Decider, type AnyDecider } from './decider.js';

/** What a repository can be had of: a class of aggregates, or a decider. */
export type AggregateSource = AggregateClass | AnyDecider;

/** The token under which the repository of aggregates, or of a decider, is provided. */
export function aggregateRepositoryToken(source: AggregateSource): string {
  const category = typeof source === 'function' ? categoryOfAggregate(source) : source.definition.name;
  return `nestjs-dispatch/aggregates/${category}`;
}

/**
 * Injects the `AggregateRepository` of a class, or the `DeciderRepository` of a decider, that the module has listed in
 * `DispatchModule.forFeature([...])`.
 *
 * @example
 * ```ts
 * constructor(@InjectAggregateRepository(Order) private readonly orders: AggregateRepository<Order>) {}
 * ```
 */
export function InjectAggregateRepository(source: AggregateSource): ParameterDecorator & PropertyDecorator {
  return Inject(aggregateRepositoryToken(source));
}

/** Provides the repositories of classes of aggregates, and of deciders. @throws DISPATCH_INVALID_AGGREGATE for what is neither */
export function aggregateRepositoryProviders(sources: readonly AggregateSource[]): (Provider & { provide: string })[] {
  const repositories = (eventSourcing: EventSourcing): Map<unknown, object> =>
    // Of all of them, each time: two of one category have one token, and Nest makes only the last of a module.
    new Map(sources.map((source) => [source, eventSourcing.repositoryOf(source)]));
  return sources.map((source: unknown) => {
    if (!isSource(source)) {
      const given = describeValue(source);
      throw new InvalidAggregateError(
        'DispatchModule.forFeature()',
        `was given ${given} in the place of a class of aggregates, or a decider: is there a circle of imports`,
      );
    }
    return {
      provide: aggregateRepositoryToken(source),
      inject: [EventSourcing],
      useFactory: (eventSourcing: EventSourcing) => repositories(eventSourcing).get(source),
    };
  });
}

function isSource(source: unknown): source is AggregateSource {
  return typeof source === 'function' || source instanceof Decider;
}
