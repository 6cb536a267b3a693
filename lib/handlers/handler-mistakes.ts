import { describeKind, describeValue } from '../common/describe-value.js';
import type { MessageDefinition } from '../message/message.decorator.js';
import { Command, Event, Query, type MessageClass, type MessageKind } from '../message/message.js';
import type { DiscoveredProvider } from './discovered-provider.js';
import type { WiringMistake } from './errors.js';
import type { EventPhase } from './handler.decorators.js';
import { HANDLER_DECORATORS, schemaProblem } from './handler-options.js';

const BASES = { command: Command, query: Query, event: Event };

/** Tells a class from anything else that may stand in its place in a decorator. */
export function isMessageClass(value: unknown): value is MessageClass {
  return typeof value === 'function' && value.prototype !== undefined;
}

/** A decorator that names no class, or something that is none; undefined where it names classes only. */
export function missingMessage(
  { label }: DiscoveredProvider,
  kind: MessageKind,
  messages: readonly unknown[],
): WiringMistake | undefined {
  const wrong = messages.findIndex((message) => !isMessageClass(message));
  if (wrong === -1 && messages.length > 0) return undefined;
  const problem = wrong === -1 ? 'names no class' : gotInstead(messages[wrong]);
  const role = kind === 'event' ? 'an events handler' : `a ${kind} handler`;
  return { rule: 'missing-message', text: `${label} handles nothing as ${role}: its decorator ${problem}.` };
}

function gotInstead(value: unknown): string {
  if (value === undefined) return 'got undefined, which an import cycle leaves in the place of a class';
  return `got ${describeKind(value)}: ${Array.isArray(value) ? 'name the classes one by one' : 'name a class'}`;
}

/** A class that extends the base of another kind than its handler is for; undefined where it fits, or has no base. */
export function wrongKind(
  { label }: DiscoveredProvider,
  kind: MessageKind,
  target: MessageClass,
): WiringMistake | undefined {
  const kinds: readonly MessageKind[] = ['command', 'query', 'event'];
  const actual = kinds.find((each) => target.prototype instanceof BASES[each]);
  if (actual === undefined || actual === kind) return undefined;
  const role = `${kind === 'event' ? 'an' : 'a'} ${HANDLER_DECORATORS[kind]}`;
  const text = `${label} is ${role} of ${target.name}, which extends ${BASES[actual].name}: use ${HANDLER_DECORATORS[actual]}.`;
  return { rule: 'wrong-kind', text };
}

/** A handler without the method it is to be called by. */
export function missingMethod(
  provider: DiscoveredProvider,
  kind: MessageKind,
  target: MessageClass | undefined,
): WiringMistake {
  const [method, other] = kind === 'event' ? ['handle', 'execute'] : ['execute', 'handle'];
  const decorators = kind === 'event' ? '@CommandHandler or @QueryHandler' : '@EventsHandler';
  const end = typeof provider.member(other) === 'function' ? `; it has ${other}(), did you mean ${decorators}?` : '.';
  return {
    rule: 'missing-method',
    text: `${provider.label} handles ${target?.name} but has no method ${method}()${end}`,
  };
}

/** What is wrong with the identity and the rules that `@Message` gives a class. */
export function messageMistakes({ target, name, version, schema, keyOf }: MessageDefinition): WiringMistake[] {
  const texts: string[] = [];
  if (typeof name !== 'string' || name === '' || !Number.isInteger(version) || version < 1) {
    texts.push(
      `${target.name} has the name "${name}" and the version ${version}: give @Message a name that is not empty and a whole version from 1.`,
    );
  }
  const problem = schema === undefined ? undefined : schemaProblem(schema);
  if (problem !== undefined) texts.push(`The schema of ${target.name} ${problem}.`);
  if (keyOf !== undefined && typeof keyOf !== 'function') {
    texts.push(
      `The key of ${target.name} is ${describeValue(keyOf)}: give @Message a function that reads it from a message.`,
    );
  }
  return texts.map((text) => ({ rule: 'invalid-message', text }));
}

/** A handler that is to run before or after a rollback of a transaction that is long over when a queue hands its event out. */
export function phaseBehindQueue(
  { label }: DiscoveredProvider,
  phase: EventPhase | undefined,
): WiringMistake | undefined {
  if (phase === undefined || phase === 'afterCommit') return undefined;
  const text = `${label} has the phase '${phase}' and runs behind a queue, where the transaction of the event's publisher is over: give it "runMode: RunMode.Sync", or the phase 'afterCommit'.`;
  return { rule: 'invalid-options', text };
}

/** A message class and, for the text, one of its handlers with its module. */
export interface NamedHandled {
  readonly definition: MessageDefinition;
  readonly handler: string;
}

/** Two classes with one wire name and version. */
export function sameName(added: NamedHandled, present: NamedHandled): WiringMistake {
  const { name, version } = added.definition;
  const identity = `"${name}" version ${version}`;
  const show = ({ definition, handler }: NamedHandled): string => `${definition.target.name}, handled by ${handler},`;
  const text = `The classes ${show(present)} and ${show(added)} are both the message ${identity}: give one of them another name or version with @Message.`;
  return { rule: 'duplicate-message-name', text };
}

/** Two handlers of one command or query. */
export function duplicateHandler(
  kind: MessageKind,
  target: MessageClass,
  present: DiscoveredProvider,
  added: DiscoveredProvider,
): WiringMistake {
  const text =
    present.type === added.type
      ? `${providedTwice(present, added)}: provide it once and export it.`
      : `${present.label} and ${added.label} both handle the ${kind} ${target.name}: remove one, or let one replace the other with { override: true }.`;
  return { rule: 'duplicate-handler', text };
}

/** One class with two providers. */
export function providedTwice(present: DiscoveredProvider, added: DiscoveredProvider): string {
  const name = present.type.name;
  return present.moduleName === added.moduleName
    ? `${name} is provided twice by ${added.moduleName}`
    : `${name} is provided by ${present.moduleName} and by ${added.moduleName}`;
}
