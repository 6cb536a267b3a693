import { describeKind } from '../common/describe-value.js';
import { isDispatchError } from '../common/dispatch-error.js';
import { isTimeoutMs, MAX_TIMEOUT_MS } from '../common/timeout.js';
import type { WiringMistake } from '../handlers/errors.js';
import { resolveNotificationOptions, type NotificationOptions } from '../notifications/notification.options.js';
import type { LoggingOptions } from '../pipeline/behaviors/logging.behavior.js';
import { hookProblems, type RouterHooks } from '../router/hooks.js';

const LEVELS: readonly string[] = ['log', 'debug', 'verbose'] satisfies LoggingOptions['level'][];

/** What is wrong with the options. Values come from programs that may have no types, so each is looked at. */
export class OptionProblems {
  readonly mistakes: WiringMistake[] = [];

  add(name: string, problem: string): void {
    this.mistakes.push({ rule: 'invalid-options', text: `The option "${name}" of DispatchModule ${problem}.` });
  }

  /** A factory of options gave something else. */
  missing(given: unknown): void {
    const text = `DispatchModule.forRootAsync() got ${describeKind(given)} as options: return an object.`;
    this.mistakes.push({ rule: 'invalid-options', text });
  }

  /** Reads an option that tells its problems as sentences. */
  collect<T>(read: (problems: string[]) => T): T {
    const found: string[] = [];
    const value = read(found);
    this.mistakes.push(...found.map((text) => ({ rule: 'invalid-options', text }) as const));
    return value;
  }

  notifications(options: NotificationOptions | undefined): NotificationOptions {
    try {
      return resolveNotificationOptions(options);
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      this.mistakes.push({ rule: 'invalid-options', text: error.message });
      return resolveNotificationOptions();
    }
  }

  milliseconds(name: string, value: number): number {
    if (isTimeoutMs(value)) return value;
    this.add(name, `is ${String(value)}, not a number of milliseconds from 0 to ${MAX_TIMEOUT_MS}`);
    return 0;
  }

  count(name: string, value: number, max: number): number {
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    this.add(name, `is ${String(value)}, not a whole number from 1${max === Infinity ? '' : ` to ${max}`}`);
    return 1;
  }

  flag(name: string, value: boolean): boolean {
    if (typeof value === 'boolean') return value;
    this.add(name, `is ${String(value)}, not true or false`);
    return false;
  }

  logging(value: boolean | LoggingOptions): LoggingOptions | undefined {
    if (typeof value === 'boolean') return value ? {} : undefined;
    if (typeof value !== 'object' || value === null) {
      this.add('logging', `is ${JSON.stringify(value)}, not a boolean or an object with level and payload`);
      return undefined;
    }
    const { level = 'debug' } = value;
    if (!LEVELS.includes(level)) this.add('logging', `has the level "${level}", not ${LEVELS.join(', ')}`);
    return value;
  }

  list<T>(name: string, value: readonly T[]): readonly T[] {
    if (Array.isArray(value)) return value;
    this.add(name, 'is no array');
    return [];
  }

  /** Those that can be called; nothing else reaches the router. */
  hooks(value: readonly RouterHooks[]): readonly RouterHooks[] {
    return this.list('hooks', value).filter((hooks: unknown) => {
      const found = hookProblems(hooks);
      for (const problem of found) this.add('hooks', problem);
      return found.length === 0;
    });
  }

  publisher<T extends { publish: unknown }>(name: string, value: T | undefined): T | undefined {
    if (value === undefined || typeof (value as Partial<T> | null)?.publish === 'function') return value;
    this.add(name, 'has no method publish()');
    return undefined;
  }
}
