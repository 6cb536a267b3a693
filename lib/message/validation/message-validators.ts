import type { StandardSchemaV1 } from '@standard-schema/spec';

import { importOptionalPeer } from '../../common/optional-peer.js';
import { isPromiseLike } from '../../common/promises.js';
import { InvalidMessageError } from '../errors.js';
import type { MessageDefinition } from '../message.decorator.js';
import { ClassValidator } from './class-validator.js';
import { ownRule } from './own-rule.js';
import type { Findings, MessageRule } from './rule.js';
import { schemaRule } from './schema-rule.js';

/**
 * Lets a message pass that satisfies every rule of its class, at once where all its rules are synchronous. The same
 * message may be checked any number of times; it is not changed.
 *
 * @throws DISPATCH_INVALID_MESSAGE (or rejects with it) listing the first 100 violations. What a rule itself throws, but for the
 * message's own `validate()`, is passed on as it is: a rule that is broken says nothing of the message.
 */
export type MessageValidator = (message: object) => void | Promise<void>;

/**
 * Finds the rules of message classes. Rules come from three places, and all that are there apply:
 *
 * - Decorators of class-validator on the class and its bases, whatever their groups; nested objects need
 *   `@ValidateNested`, and `@Type` of class-transformer to become instances whose rules are known.
 * - A Standard Schema in `@Message(name, { schema })`, and the handler's own. A schema checks the message and nothing
 *   else: what it transforms, coerces or fills in is not used, since a message is not changed once it is sent.
 * - The message's method `validate()`, if it takes no parameters. It may throw, or return `false`, a text, a violation,
 *   or an array of texts or violations, or a promise of these. Nothing, `true`, `null`, `''` and `[]` mean valid.
 *
 * Texts that libraries make are stripped of the values they quote; the texts of `validate()` are not, so keep values
 * out of them. Any text is cut to 500 characters and a path to 200, and no more than 100 violations are listed.
 */
export class MessageValidators {
  private constructor(private readonly classValidator: ClassValidator | undefined) {}

  /** Makes one for an application, with class-validator where that is installed. */
  static async load(): Promise<MessageValidators> {
    return new MessageValidators(await ClassValidator.load(importOptionalPeer));
  }

  /**
   * The check for one message class; undefined where it has no rules, so that it pays nothing. Ask once per handler, at
   * bootstrap: rules added to a class later are not seen.
   */
  validatorFor(definition: MessageDefinition, handlerSchema?: StandardSchemaV1): MessageValidator | undefined {
    const schemas = new Set([definition.schema, handlerSchema].filter((schema) => schema !== undefined));
    const rules = [
      this.classValidator?.ruleOf(definition.target),
      ...[...schemas].map(schemaRule),
      ownRule(definition.target),
    ].filter((rule) => rule !== undefined);
    return rules.length === 0 ? undefined : (message) => check(definition.name, rules, message);
  }
}

function check(name: string, rules: readonly MessageRule[], message: object): void | Promise<void> {
  const results = apply(rules, message);
  if (results.some(isPromiseLike)) {
    return Promise.all(results).then((findings) => judge(name, message, findings));
  }
  // None of the results is a promise, as the line above has found.
  return judge(name, message, results as readonly Findings[]);
}

function apply(rules: readonly MessageRule[], message: object): (Findings | Promise<Findings>)[] {
  const results: (Findings | Promise<Findings>)[] = [];
  try {
    for (const rule of rules) results.push(rule(message));
    return results;
  } catch (error) {
    // A promise that an earlier rule gave must not reject unseen: the error of the broken rule is the one to report.
    void Promise.allSettled(results);
    throw error;
  }
}

function judge(name: string, message: object, findings: readonly Findings[]): void {
  let violationCount = 0;
  let cause: unknown;
  for (const finding of findings) {
    violationCount += finding.violationCount;
    cause ??= finding.cause;
  }
  if (violationCount === 0) return;
  const violations = findings.flatMap((finding) => finding.violations);
  const options = { subject: message, violationCount };
  throw new InvalidMessageError(name, violations, cause === undefined ? options : { ...options, cause });
}
