import { errorText } from '../../common/dispatch-error.js';
import { isPromiseLike } from '../../common/promises.js';
import { InvalidMessageError, type Violation } from '../errors.js';
import type { MessageClass } from '../message.js';
import { NOTHING_FOUND, type Findings, type MessageRule } from './rule.js';
import { MAX_VIOLATIONS } from './violation-limits.js';

/**
 * Makes a rule of the method `validate()` of a class or a base, if it takes no parameters. The method is read from the
 * class, so that data with a field of that name cannot stand in for it.
 */
export function ownRule(target: MessageClass): MessageRule | undefined {
  const validate = methodOf(target, 'validate');
  if (validate === undefined || validate.length > 0) return undefined;
  return (message) => {
    try {
      const verdict: unknown = validate.call(message);
      if (isPromiseLike(verdict)) return Promise.resolve(verdict).then(findingsOf, findingsOfThrown);
      return findingsOf(verdict);
    } catch (error) {
      return findingsOfThrown(error);
    }
  };
}

function methodOf(target: MessageClass, name: string): ((this: object) => unknown) | undefined {
  let prototype: unknown = target.prototype;
  while (typeof prototype === 'object' && prototype !== null) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (descriptor !== undefined) return typeof descriptor.value === 'function' ? descriptor.value : undefined;
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

function findingsOf(verdict: unknown): Findings {
  if (verdict === undefined || verdict === null || verdict === true || verdict === '') return NOTHING_FOUND;
  if (verdict === false) return oneFinding('its validate() refuses it');
  const complaints: readonly unknown[] = Array.isArray(verdict) ? verdict : [verdict];
  if (complaints.length === 0) return NOTHING_FOUND;
  return { violations: complaints.slice(0, MAX_VIOLATIONS).map(toViolation), violationCount: complaints.length };
}

function oneFinding(message: string): Findings {
  return { violations: [{ path: '', message }], violationCount: 1 };
}

function toViolation(complaint: unknown): Violation {
  if (typeof complaint === 'string') return { path: '', message: complaint };
  if (isViolation(complaint)) return { path: complaint.path, message: complaint.message };
  return {
    path: '',
    message: `its validate() returned a ${typeof complaint}: return nothing, a boolean, texts or violations`,
  };
}

function isViolation(value: unknown): value is Violation {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('message' in value)) return false;
  return typeof value.path === 'string' && typeof value.message === 'string';
}

function findingsOfThrown(error: unknown): Findings {
  if (!(error instanceof InvalidMessageError)) return { ...oneFinding(errorText(error)), cause: error };
  return { violations: error.violations, violationCount: error.violationCount, cause: error };
}
