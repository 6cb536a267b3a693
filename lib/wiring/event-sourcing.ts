import type { EventBus } from '../buses/event-bus.js';
import { EventSourcing, type EventSourcingOptions, type EventSourcingParts } from '../event-store/event-sourcing.js';
import { isUpcaster, upcasterEntryOf } from '../event-store/upcasting/upcaster.js';
import { ProjectionStage, type ProjectionStageParts } from '../projections/projection-stage.js';
import type { ResolvedProjections } from '../projections/projections.options.js';
import { StoredEventPublication } from '../events/stored-event-publication.js';
import type { DiscoveredProvider } from '../handlers/discovered-provider.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { ProviderDiscovery } from '../handlers/provider-discovery.js';

/** The stages that event sourcing stands on. */
export interface LowerStages extends Pick<EventSourcingParts, 'rehydrator' | 'ambient' | 'channel' | 'transactions'> {
  readonly registry: Pick<EventSourcingParts, 'messages'>;
  readonly events: EventBus;
}

/** Makes event sourcing, and has it told of the upcasters that are found. */
export function makeEventSourcing(
  options: EventSourcingOptions & { readonly eventPublisher: unknown },
  discovery: ProviderDiscovery,
  { registry: { messages }, events, rehydrator, ambient, channel, transactions }: LowerStages,
): EventSourcing {
  const publication = new StoredEventPublication(events, options.eventPublisher === undefined);
  const parts = { messages, rehydrator, ambient, channel, publication, transactions };
  const eventSourcing = new EventSourcing(options, parts);
  discovery.onFound((providers) => addUpcasters(eventSourcing, providers));
  return eventSourcing;
}

/** Makes the stage of projections, and has it told of those that are found. */
export function makeProjections(
  options: ResolvedProjections,
  discovery: ProviderDiscovery,
  {
    registry: { messages },
    ...stages
  }: Omit<ProjectionStageParts, 'messages'> & { readonly registry: Pick<ProjectionStageParts, 'messages'> },
): ProjectionStage {
  const { eventSourcing, transactions, unhandled, channel } = stages;
  const projections = new ProjectionStage(options, { messages, eventSourcing, transactions, unhandled, channel });
  discovery.onFound((providers) => projections.add(providers));
  return projections;
}

/** The mistakes in the upcasters and the aggregates of an application. */
export function eventSourcingMistakes(eventSourcing: EventSourcing): WiringMistake[] {
  const aggregates = eventSourcing
    .aggregateProblems()
    .map((text) => ({ rule: 'invalid-aggregate', text: `${text}.` }) as const);
  return [...eventSourcing.upcasterProblems().map(invalidUpcaster), ...aggregates];
}

function addUpcasters(eventSourcing: EventSourcing, providers: readonly DiscoveredProvider[]): WiringMistake[] {
  return providers.flatMap(({ type, label, isStatic, instance }) => {
    if (!isUpcaster(type)) return [];
    if (!isStatic)
      return [invalidUpcaster(`${label} is request-scoped or transient: an upcaster serves the whole application`)];
    const entry = upcasterEntryOf(instance, type, label);
    return entry === undefined ? [] : eventSourcing.addUpcaster(entry).map(invalidUpcaster);
  });
}

function invalidUpcaster(problem: string): WiringMistake {
  return { rule: 'invalid-upcaster', text: `Upcasters: ${problem}.` };
}
