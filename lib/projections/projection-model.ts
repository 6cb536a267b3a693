import { describeValue } from '../common/describe-value.js';
import { appliedEventsOf, applyingMethodOf } from '../events/on.decorator.js';
import type { DiscoveredProvider } from '../handlers/discovered-provider.js';
import { checkOptions, type OptionChecks } from '../handlers/checked-options.js';
import type { MessageRegistry } from '../message/message-registry.js';
import type { MessageClass } from '../message/message.js';
import type { ProjectionContext, ProjectionHooks } from './projection-context.js';
import {
  notReplayedBy,
  type ProjectionDeclaration,
  type ProjectionFailureAction,
  type ProjectionMode,
  type ProjectionOptions,
} from './projection.decorator.js';

/** A projection of the application. */
export interface ProjectionModel extends Required<Omit<ProjectionOptions, 'events'>> {
  readonly name: string;
  /** Class and module, as mistakes name it. */
  readonly label: string;
  /** The wire names of its events. */
  readonly eventNames: readonly string[];
  readonly hooks: ProjectionHooks;
  /** Hands an event to the method for it, if there is one. @returns what that returns, to be waited for */
  apply(event: object, context: ProjectionContext): unknown;
}

/** A projection, and what is wrong with it. */
export interface CheckedProjection {
  readonly model: ProjectionModel;
  readonly problems: readonly string[];
}

const NAME = /^[\p{L}\p{N}_.:-]{1,200}$/u;
const MODES: readonly unknown[] = ['async', 'inline'] satisfies ProjectionMode[];
const ACTIONS: readonly unknown[] = ['stop', 'parkEvent', 'parkStream'] satisfies ProjectionFailureAction[];

const CHECKS: OptionChecks<ProjectionOptions> = {
  events: (value) => (Array.isArray(value) ? undefined : `which is ${describeValue(value)}, not a list of classes`),
  mode: (value) => (MODES.includes(value) ? undefined : `which is ${describeValue(value)}, not 'async' or 'inline'`),
  onFailure: (value) =>
    ACTIONS.includes(value) ? undefined : `which is ${describeValue(value)}, not 'stop', 'parkEvent' or 'parkStream'`,
  batchSize: (value) => countProblem(value, 1, 10_000),
  retries: (value) => countProblem(value, 0, 100),
  version: (value) => countProblem(value, 1, 2_147_483_647),
};

/** Makes the model of a projection that was found, and its events known. */
export function checkProjection(
  provider: DiscoveredProvider,
  { name, options: given }: ProjectionDeclaration,
  messages: MessageRegistry,
): CheckedProjection {
  const { type, label } = provider;
  const { options, mistakes } = checkOptions<ProjectionOptions>({ label, decorator: '@Projection' }, given, CHECKS);
  const problems = mistakes.map(({ text }) => text.replace(/\.$/, ''));
  if (typeof name !== 'string' || !NAME.test(name)) {
    problems.push(
      `${label} has the name ${describeValue(name)}, not letters, digits, "_", ".", ":" and "-", at most 200`,
    );
  }
  if (!provider.isStatic) {
    problems.push(`${label} is request-scoped or transient: a projection serves the whole application`);
  }
  const { events = [], mode = 'async', onFailure = 'stop', batchSize = 500, retries = 5, version = 1 } = options;
  if (events.length > 0 && typeof provider.member('when') !== 'function') {
    problems.push(`${label} has "events", but no method when(event, context) for them`);
  }
  const classes = [...appliedEventsOf(type), ...events];
  if (classes.length === 0) problems.push(`${label} takes no events: write @On(Event) on its methods`);
  const eventNames = classes.flatMap((event) => knownName(event, label, messages, problems) ?? []);
  const hooks: ProjectionHooks = provider.isStatic ? provider.instance : {};
  const apply = applying(type, provider.instance);
  return { model: { name, label, mode, onFailure, batchSize, retries, version, eventNames, hooks, apply }, problems };
}

function applying(type: object, instance: object): ProjectionModel['apply'] {
  const notReplayed = notReplayedBy(type);
  const names = new Map<unknown, string | symbol>();
  const nameFor = (event: object): string | symbol => {
    const known = names.get(event.constructor);
    if (known !== undefined) return known;
    const name = applyingMethodOf(type, event) ?? 'when';
    names.set(event.constructor, name);
    return name;
  };
  return (event, context) => {
    const name = nameFor(event);
    if (context.replay && notReplayed.has(name)) return undefined;
    const method: unknown = Reflect.get(instance, name);
    return typeof method === 'function' ? (method.call(instance, event, context) as unknown) : undefined;
  };
}

function knownName(event: unknown, label: string, messages: MessageRegistry, problems: string[]): string | undefined {
  if (typeof event !== 'function') {
    problems.push(`${label} names an event that is no class: is there a circle of imports`);
    return undefined;
  }
  // Any class may be that of events.
  const target = event as unknown as MessageClass;
  const { definition, conflict } = messages.add(target);
  const { name, version } = definition;
  if (conflict !== undefined && conflict.target !== target) {
    problems.push(`${label} takes ${target.name}, but "${name}" v${version} is ${conflict.target.name} already`);
  }
  return name;
}

function countProblem(value: unknown, min: number, max: number): string | undefined {
  const isRight = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return isRight ? undefined : `which is ${describeValue(value)}, not a whole number from ${min} to ${max}`;
}
