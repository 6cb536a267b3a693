import { isCategory } from '../append-check.js';
import type { MessageRegistry } from '../../message/message-registry.js';
import type { MessageClass } from '../../message/message.js';

/** What is looked at of a model, whatever its states are. */
export interface CheckedModel {
  readonly category: string;
  readonly label: string;
  readonly events: readonly MessageClass[];
  readonly problems: readonly string[];
}

/** The kinds of aggregates an application has, each of a category of its own. */
export class AggregateModels {
  private readonly byCategory = new Map<string, CheckedModel>();
  /** What is wrong with them. */
  readonly problems: string[] = [];

  constructor(
    private readonly messages: MessageRegistry,
    private readonly hasStore: boolean,
  ) {}

  /** Adds one, and makes its events known. What is wrong with it is added to the problems. */
  add(model: CheckedModel): void {
    const { category, label, events } = model;
    const known = this.byCategory.get(category);
    if (known !== undefined) {
      this.problems.push(`${label} and ${known.label} both have the category "${category}": give one of them another`);
    }
    this.byCategory.set(category, model);
    this.problems.push(...model.problems.map((problem) => `${label} ${problem}`));
    if (!this.hasStore)
      this.problems.push(`${label} needs an event store: give DispatchModule.forRoot() the option "eventStore"`);
    if (!isCategory(category)) {
      this.problems.push(`${label} has the category "${category}", which is not letters, digits, "_" and "."`);
    }
    for (const event of events as readonly unknown[]) this.know(label, event);
  }

  private know(label: string, event: unknown): void {
    if (typeof event !== 'function') {
      this.problems.push(`${label} names an event that is no class: is there a circle of imports`);
      return;
    }
    // Any class may be that of events.
    const target = event as unknown as MessageClass;
    const { definition, conflict } = this.messages.add(target);
    if (conflict === undefined || conflict.target === target) return;
    const { name, version } = definition;
    this.problems.push(
      `${label} has the event ${target.name}, but "${name}" v${version} is ${conflict.target.name} already`,
    );
  }
}
