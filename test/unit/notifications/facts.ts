import { DispatchNotification } from '../../../lib/notifications/notification.js';

/** A notification that is told apart by a number. */
export class Fact extends DispatchNotification {
  constructor(readonly number: number) {
    super();
  }
}

/** A notification that is also a `Fact`. */
export class SpecialFact extends Fact {}

/** A notification that is not a `Fact`. */
export class OtherFact extends DispatchNotification {}

/** The numbers of facts, for a short comparison. */
export function numbersOf(facts: readonly DispatchNotification[]): number[] {
  return facts.filter((fact) => fact instanceof Fact).map((fact) => fact.number);
}
