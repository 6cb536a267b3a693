import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { queueNameProblem, queueOptionsProblems, type QueueOptions } from '../queue/queue-settings.js';

/**
 * What a process does with queues. `send`: it runs no handler for them, which is a mistake where no other process sees
 * them, as in memory. `both`: it works on them beside whatever else it does. `work`: the same, and it is a mistake where
 * there is no queue for it to work on. What its handlers send, and its controllers, is accepted in every role.
 */
export type QueueRole = 'send' | 'work' | 'both';

/** The option `queues` of the module. */
export interface QueuesOptions {
  /** The queue of messages for which nobody names one. Default `'default'`. */
  readonly default?: string;
  /** Works on these queues only; sending is not affected. The environment variable `DISPATCH_QUEUES_ONLY` comes first. */
  readonly only?: readonly string[];
  /** Works on all queues but these. The environment variable `DISPATCH_QUEUES_EXCEPT` comes first. */
  readonly except?: readonly string[];
  /** What holds for every queue that says nothing of its own. */
  readonly defaults?: QueueOptions;
  /** What holds for single queues, by name. A queue named here exists even where no handler and no route names it. */
  readonly each?: Readonly<Record<string, QueueOptions>>;
}

/** Which queues a process works on. */
export interface ResolvedRole {
  readonly name: QueueRole;
  /** The queues that are named, and so must exist. */
  readonly named: readonly string[];
  /** Whether the process works on a queue of that name. */
  readonly worksOn: (queue: string) => boolean;
}

/** The option `queues`, complete. */
export interface ResolvedQueuesOptions {
  readonly default: string;
  readonly defaults: QueueOptions;
  readonly each: Readonly<Record<string, QueueOptions>>;
}

const ROLES: readonly unknown[] = ['send', 'work', 'both'] satisfies QueueRole[];
const KNOWN: Record<keyof QueuesOptions, true> = {
  default: true,
  only: true,
  except: true,
  defaults: true,
  each: true,
};

/**
 * Reads the role of a process from its environment and, where that says nothing, from the options: `DISPATCH_ROLE`
 * (`send`, `work` or `both`), `DISPATCH_QUEUES_ONLY` and `DISPATCH_QUEUES_EXCEPT` (names with commas between).
 *
 * @returns what is wrong, each as a whole sentence without its full stop, beside the role
 */
export function resolveRole(
  role: QueueRole | undefined,
  { only, except }: Pick<QueuesOptions, 'only' | 'except'>,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedRole & { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const said = env['DISPATCH_ROLE'] || role || 'both';
  if (!ROLES.includes(said)) {
    const source = env['DISPATCH_ROLE'] ? 'The environment variable DISPATCH_ROLE' : 'The option "role"';
    problems.push(`${source} is ${describeValue(said)}, not send, work or both`);
  }
  const included = namesIn(env['DISPATCH_QUEUES_ONLY']) ?? only;
  const excluded = namesIn(env['DISPATCH_QUEUES_EXCEPT']) ?? except;
  return {
    name: said as QueueRole,
    named: [...(included ?? []), ...(excluded ?? [])],
    worksOn: (queue) => said !== 'send' && (included?.includes(queue) ?? true) && !(excluded?.includes(queue) ?? false),
    problems,
  };
}

/** What is wrong with the option `queues`, as ends of sentences that begin with its name. */
export function queuesOptionsProblems(options: unknown): string[] {
  if (!isOptionsObject(options)) return [`is ${describeValue(options)}, not an object`];
  const { only, except, defaults, each, default: name } = options as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(options).filter((key) => !(key in KNOWN));
  const problems = unknown.map((key) => `has the unknown name "${key}": there are ${Object.keys(KNOWN).join(', ')}`);
  if (name !== undefined) problems.push(...sentence('has as default', queueNameProblem(name)));
  for (const [key, list] of Object.entries({ only, except })) {
    if (list === undefined) continue;
    if (!Array.isArray(list)) problems.push(`has "${key}" as ${describeValue(list)}, not a list of names`);
    else problems.push(...list.flatMap((entry) => sentence(`has in "${key}"`, queueNameProblem(entry))));
  }
  if (defaults !== undefined)
    problems.push(...queueOptionsProblems(defaults).map((text) => `has "defaults", which ${text}`));
  if (each !== undefined && !isOptionsObject(each))
    problems.push(`has "each" as ${describeValue(each)}, not an object`);
  for (const [queue, own] of isOptionsObject(each) ? Object.entries(each) : []) {
    problems.push(...sentence('has in "each"', queueNameProblem(queue)));
    problems.push(...queueOptionsProblems(own).map((text) => `has the queue "${queue}", which ${text}`));
  }
  return problems;
}

function sentence(start: string, problem: string | undefined): string[] {
  return problem === undefined ? [] : [`${start} what cannot be: ${problem}`];
}

function namesIn(text: string | undefined): readonly string[] | undefined {
  const names = text?.split(',').map((name) => name.trim());
  return names?.some((name) => name !== '') === true ? names.filter((name) => name !== '') : undefined;
}
