import type { StandardSchemaV1 } from '@standard-schema/spec';

import { isPromiseLike } from '../../common/promises.js';
import type { Violation } from '../errors.js';
import { ValueMask } from './mask-values.js';
import { NOTHING_FOUND, type Findings, type MessageRule } from './rule.js';
import { dottedPath, MAX_VIOLATIONS } from './violation-limits.js';

/**
 * Makes a rule of a Standard Schema. Only its issues count, its output does not.
 * @see https://standardschema.dev
 */
export function schemaRule(schema: StandardSchemaV1): MessageRule {
  const standard = schema['~standard'];
  return (message) => {
    const result = standard.validate(message);
    if (isPromiseLike(result)) return Promise.resolve(result).then((settled) => findingsOf(settled, message));
    return findingsOf(result, message);
  };
}

function findingsOf(result: StandardSchemaV1.Result<unknown>, message: object): Findings {
  const { issues } = result;
  if (issues === undefined || issues.length === 0) return NOTHING_FOUND;
  const mask = new ValueMask();
  const violations = issues.slice(0, MAX_VIOLATIONS).map((issue) => toViolation(issue, message, mask));
  return { violations, violationCount: issues.length };
}

function toViolation(issue: StandardSchemaV1.Issue, message: object, mask: ValueMask): Violation {
  const keys = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
  const subjects = [valueAt(message, keys), quotedPart(issue)].filter((subject) => subject !== undefined);
  return { path: dottedPath(keys), message: mask.apply(issue.message, subjects) };
}

function valueAt(message: object, keys: readonly PropertyKey[]): unknown {
  let value: unknown = message;
  for (const key of keys) {
    if (value instanceof Map) value = value.get(key);
    else if (typeof value === 'object' && value !== null) value = (value as Record<PropertyKey, unknown>)[key];
    else return undefined;
  }
  return value;
}

/** Valibot says in `received` what its text quotes, which may be a part of the value only (`startsWith`). */
function quotedPart(issue: object): string | undefined {
  if (!('received' in issue) || typeof issue.received !== 'string') return undefined;
  return /^"(.+)"$/s.exec(issue.received)?.[1];
}
