import { errorText } from '../common/dispatch-error.js';
import { failureRulesOf } from '../failures/policy/on-error.decorator.js';
import type { DiscoveredProvider } from '../handlers/discovered-provider.js';
import type { WiringMistake } from '../handlers/errors.js';
import { handlerDeclarationsOf } from '../handlers/handler.decorators.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import { observerProblemsOf, registerObserver } from '../notifications/on-notification.decorator.js';
import { idempotentOptionsOf } from '../pipeline/idempotency/idempotent.decorator.js';
import { cachedQueryOptionsOf } from '../pipeline/query-cache/cached-query.decorator.js';
import { invalidationRulesOf } from '../pipeline/query-cache/invalidates-queries.decorator.js';
import { bulkheadOptionsOf } from '../pipeline/resilience/bulkhead/bulkhead.decorator.js';
import { circuitBreakerOptionsOf } from '../pipeline/resilience/circuit-breaker/circuit-breaker.decorator.js';
import { rateLimitOptionsOf } from '../pipeline/resilience/rate-limit/rate-limit.decorator.js';
import { inSequenceOptionsOf } from '../pipeline/sequence/in-sequence.decorator.js';
import { transactionalOptionsOf } from '../pipeline/transactions/transactional.decorator.js';
import type { MessageRouter } from '../router/message-router.js';
import { sourceEntryOf, sourceOptionsOf } from '../router/sources/source.decorator.js';
import type { SourceEntry } from '../router/sources/source.js';
import { sagasOf } from '../sagas/saga.decorator.js';

/** Hands the sources among some providers, and those of the options, to the router. @returns what is wrong with them */
export function addSources(
  router: MessageRouter,
  optionSources: readonly SourceEntry[],
  providers: readonly DiscoveredProvider[],
): WiringMistake[] {
  const scoped = providers.filter(({ isStatic, type }) => !isStatic && sourceOptionsOf(type) !== undefined);
  const found = providers.filter(({ isStatic }) => isStatic).map(({ instance, type }) => sourceEntryOf(instance, type));
  const entries = [...optionSources, ...found.filter((entry) => entry !== undefined)];
  const mistakes: WiringMistake[] = scoped.map(({ label }) => ({
    rule: 'invalid-source',
    text: `The source ${label} is request-scoped or transient: a source serves the whole application.`,
  }));
  return entries.length === 0
    ? mistakes
    : [...mistakes, ...attempt('invalid-source', () => router.registerSources(entries))];
}

/** Hands the observers among some providers to the channel. @returns what is wrong with them */
export function addObservers(channel: NotificationChannel, providers: readonly DiscoveredProvider[]): WiringMistake[] {
  return providers.flatMap(({ type, label, isStatic, instance }) => {
    const problems = observerProblemsOf(type);
    if (problems.length > 0) return problems.map((text) => ({ rule: 'invalid-observer', text: `${label} ${text}.` }));
    return attempt('invalid-observer', () => {
      registerObserver(channel, { target: type, label, instance: isStatic ? instance : undefined });
    });
  });
}

/** What decorators ask for that would never come to be: they stand on a class that handles nothing. */
export function misplacedDecorators(providers: readonly DiscoveredProvider[]): WiringMistake[] {
  return providers.flatMap(({ type, label }) => {
    if (handlerDeclarationsOf(type).length > 0) return [];
    return FOR_HANDLERS.filter(({ isOn }) => isOn(type)).map(({ decorator, beside }) => ({
      rule: 'missing-message',
      text: `${label} has ${decorator} and handles nothing: write it on the class that has ${beside}.`,
    }));
  });
}

const WRITING = '@CommandHandler or @EventsHandler';
const ANY = '@CommandHandler, @QueryHandler or @EventsHandler';

/** Decorators that mean something on the class of a handler only, or on that of a message, which is no provider. */
const FOR_HANDLERS: readonly {
  readonly decorator: string;
  readonly beside: string;
  readonly isOn: (type: object) => boolean;
}[] = [
  { decorator: '@Idempotent', beside: WRITING, isOn: (type) => idempotentOptionsOf(type) !== undefined },
  { decorator: '@Transactional', beside: ANY, isOn: (type) => transactionalOptionsOf(type) !== undefined },
  { decorator: '@InSequence', beside: WRITING, isOn: (type) => inSequenceOptionsOf(type) !== undefined },
  {
    decorator: '@OnError',
    beside: '@CommandHandler, @QueryHandler, @EventsHandler or @Saga',
    isOn: (type) => failureRulesOf(type).length > 0 && sagasOf(type).length === 0,
  },
  { decorator: '@CircuitBreaker', beside: ANY, isOn: (type) => circuitBreakerOptionsOf(type) !== undefined },
  { decorator: '@RateLimit', beside: ANY, isOn: (type) => rateLimitOptionsOf(type) !== undefined },
  { decorator: '@Bulkhead', beside: ANY, isOn: (type) => bulkheadOptionsOf(type) !== undefined },
  { decorator: '@CachedQuery', beside: '@QueryHandler', isOn: (type) => cachedQueryOptionsOf(type) !== undefined },
  { decorator: '@InvalidatesQueries', beside: WRITING, isOn: (type) => invalidationRulesOf(type).length > 0 },
];

function attempt(rule: WiringMistake['rule'], register: () => void): WiringMistake[] {
  try {
    register();
    return [];
  } catch (error) {
    return [{ rule, text: errorText(error) }];
  }
}
