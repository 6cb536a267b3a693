import type { ResolvedQueueing } from './queueing.js';
import type { Routes } from '../dispatcher/routes.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import { queueNameProblem } from '../run-modes/queue/queue-settings.js';
import type { QueueStage } from '../run-modes/worker/queue-stage.js';

/** The stages that name queues, and the one that has them. */
export interface QueueNamingStages {
  readonly registry: HandlerRegistry;
  readonly routes: Routes;
  readonly queueing: QueueStage;
}

/** Makes the queues known that options, rules and handlers name. @returns what is wrong with them */
export function knowQueues(
  { placement, messages }: ResolvedQueueing,
  { registry, routes, queueing }: QueueNamingStages,
): WiringMistake[] {
  const mistakes = registry.knowMessages(messages);
  const names = [placement.queue, ...placement.routes.flatMap(({ queue }) => queue ?? [])];
  for (const { handler } of routes.placed()) {
    const { queue, reasons } = handler.placement;
    const problem = queueNameProblem(queue);
    if (problem === undefined) names.push(queue);
    else mistakes.push(invalid(`The queue named by ${reasons.queue} cannot be: ${problem}.`));
  }
  queueing.know(names);
  return [...mistakes, ...queueing.unshared(), ...queueing.roleProblems().map(invalid)];
}

function invalid(text: string): WiringMistake {
  return { rule: 'invalid-options', text };
}
