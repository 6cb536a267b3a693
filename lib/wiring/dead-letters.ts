import { letterDestination } from '../dispatcher/queued/letter-destination.js';
import type { Routes } from '../dispatcher/routes.js';
import { DeadLetters } from '../failures/dead-letters/dead-letters.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import { ClaimedPayloads } from '../run-modes/dead-letters/claimed-payloads.js';
import type { InFlight } from '../run-modes/in-flight.js';
import type { QueueStage } from '../run-modes/worker/queue-stage.js';

/** What the dead letters of an application are made of. */
export interface DeadLettersStages {
  readonly queueing: QueueStage;
  readonly routes: Routes;
  readonly channel: NotificationChannel;
  readonly inFlight: InFlight;
}

/** Makes the dead letters of an application, which are read where its queues keep them. */
export function makeDeadLetters({ queueing, routes, channel, inFlight }: DeadLettersStages): DeadLetters {
  const destination = letterDestination(routes);
  const payloads = new ClaimedPayloads(queueing.client?.claims);
  return new DeadLetters({ sources: () => queueing.letters(destination), payloads, channel, inFlight });
}
