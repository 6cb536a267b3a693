import type { Violation } from '../errors.js';
import type { MessageClass } from '../message.js';
import { NEUTRAL_TEXT, ValueMask } from './mask-values.js';
import { NOTHING_FOUND, type Findings, type MessageRule } from './rule.js';
import { dottedPath, MAX_VIOLATIONS } from './violation-limits.js';

/** What class-validator reports of one field; the shape of its own class, so that its types stay out of ours. */
interface FieldError {
  /** Undefined for an object whose class is unknown to class-validator, which is then named by its parent. */
  readonly property: string | undefined;
  readonly target?: object;
  readonly value?: unknown;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly FieldError[];
}

interface RuleMetadata {
  readonly type: string;
  readonly propertyName: string;
  readonly message: unknown;
  readonly constraintCls: unknown;
}

interface MetadataStorage {
  getTargetValidationMetadatas(
    target: unknown,
    schema: string,
    always: boolean,
    strictGroups: boolean,
  ): readonly RuleMetadata[];
}

interface MainModule {
  readonly Validator: new () => object;
  getMetadataStorage(): MetadataStorage;
  validate(message: object, options: object): Promise<FieldError[]>;
}

/** One run over one object. Promises of asynchronous rules gather in `awaitingPromises`. */
interface Executor {
  readonly awaitingPromises: readonly Promise<unknown>[];
  execute(message: object, schema: string, errors: FieldError[]): void;
  stripEmptyErrors(errors: FieldError[]): FieldError[];
}

interface ExecutorModule {
  readonly ValidationExecutor: new (validator: object, options: object) => Executor;
}

/** What is found in one message. */
interface FoundViolations {
  readonly mask: ValueMask;
  readonly violations: Violation[];
  violationCount: number;
}

/** An object of a class without rules is refused where its parent says `@ValidateNested`: it would pass unseen. */
const OPTIONS = Object.freeze({ forbidUnknownValues: true });

/** The optional peer class-validator. */
export class ClassValidator {
  private constructor(
    private readonly main: MainModule,
    private readonly executor: ExecutorModule | undefined,
  ) {}

  /** Gives undefined where the package is not installed: then no class can carry its decorators. */
  static async load(
    importPeer: (specifier: string) => Promise<object | undefined>,
  ): Promise<ClassValidator | undefined> {
    const main = await importPeer('class-validator');
    if (main === undefined) return undefined;
    const executor = await importPeer('class-validator/cjs/validation/ValidationExecutor.js');
    // The shapes of class-validator 0.14 and 0.15.
    return new ClassValidator(main as MainModule, executor as ExecutorModule | undefined);
  }

  /** The rules of a class, those of its bases included; undefined where it has none. */
  ruleOf(target: MessageClass): MessageRule | undefined {
    if (!this.metadataOf(target).some(({ type }) => type !== 'whitelistValidation')) return undefined;
    const { executor } = this;
    if (executor === undefined) return async (message) => this.findingsOf(await this.main.validate(message, OPTIONS));
    const validator = new this.main.Validator();
    return (message) => this.run(new executor.ValidationExecutor(validator, OPTIONS), message);
  }

  /**
   * Runs the rules synchronously unless one of them gave a promise. `validateSync` would skip rules that are marked as
   * asynchronous, and accept whatever an unmarked one promises, hence the executor under it; without that file, every
   * check is asynchronous.
   */
  private run(executor: Executor, message: object): Findings | Promise<Findings> {
    const errors: FieldError[] = [];
    try {
      executor.execute(message, '', errors);
    } catch (error) {
      // The promises gathered so far must not reject unseen: the error of the broken rule is the one to report.
      void Promise.allSettled(executor.awaitingPromises);
      throw error;
    }
    if (executor.awaitingPromises.length === 0) return this.findingsOf(executor.stripEmptyErrors(errors));
    return Promise.all(executor.awaitingPromises).then(() => this.findingsOf(executor.stripEmptyErrors(errors)));
  }

  private findingsOf(errors: readonly FieldError[]): Findings {
    if (errors.length === 0) return NOTHING_FOUND;
    const found: FoundViolations = { mask: new ValueMask(), violations: [], violationCount: 0 };
    for (const error of errors) this.collect(error, [], found);
    return { violations: found.violations, violationCount: found.violationCount };
  }

  private collect(error: FieldError, parents: readonly string[], found: FoundViolations): void {
    const path = error.property === undefined ? parents : [...parents, error.property];
    for (const constraint of Object.entries(error.constraints ?? {})) {
      found.violationCount++;
      if (found.violations.length >= MAX_VIOLATIONS) continue;
      found.violations.push({ path: dottedPath(path), message: this.textOf(error, constraint, found.mask) });
    }
    for (const child of error.children ?? []) this.collect(child, path, found);
  }

  private textOf(error: FieldError, [constraint, text]: readonly [string, string], mask: ValueMask): string {
    if (constraint === 'unknownValue') {
      return 'it must be an instance of a class with rules: declare the field with @Type(() => TheClass)';
    }
    if (!this.mayQuoteValue(error)) return mask.apply(text, [error.value]);
    return isChangedByReplace(error.value) ? NEUTRAL_TEXT : mask.apply(text, [error.value], 1);
  }

  /** The texts class-validator has of its own quote no value. Those of the user may: by `$value`, or in a function. */
  private mayQuoteValue({ target, property }: FieldError): boolean {
    if (target === undefined || Array.isArray(target) || target instanceof Map || target instanceof Set) return true;
    return this.metadataOf(target.constructor).some(
      (rule) => rule.propertyName === property && (isOpen(rule.message) || isUsersOwn(rule.constraintCls)),
    );
  }

  private metadataOf(target: unknown): readonly RuleMetadata[] {
    return this.main.getMetadataStorage().getTargetValidationMetadatas(target, '', false, false);
  }
}

/**
 * class-validator puts a value where a text says `$value` as the second argument of `String#replace`, and then replaces
 * `$property` and `$target`: what stands in the text of such a value is not the value, and cannot be found by it.
 */
function isChangedByReplace(value: unknown): boolean {
  return typeof value === 'string' && /\$(?:[$&`']|property|target)/.test(value);
}

function isOpen(message: unknown): boolean {
  return typeof message === 'function' || (typeof message === 'string' && message.includes('$value'));
}

/** class-validator wraps its own constraints, and those given to `registerDecorator` as objects, in one such class. */
function isUsersOwn(constraint: unknown): boolean {
  return typeof constraint === 'function' && constraint.name !== 'CustomConstraint';
}
