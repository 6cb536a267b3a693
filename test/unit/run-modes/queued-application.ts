import { setTimeout } from 'node:timers/promises';

import {
  inMemoryQueue,
  Notifications,
  QueueHealth,
  Queues,
  RunMode,
  type DispatchNotification,
  type DispatchOptions,
  type NotificationClass,
} from 'nestjs-dispatch';

import { start, type Application, type Setup } from '../dispatcher/application.js';

/** An application with queues. */
export interface QueuedApplication extends Application {
  readonly queues: Queues;
  readonly health: QueueHealth;
}

/** Starts an application whose handlers run behind queues in memory unless something says otherwise; retries come at once. */
export async function startQueued({ options = {}, ...setup }: Setup = {}): Promise<QueuedApplication> {
  const { queues, ...others } = options;
  const all: DispatchOptions = {
    runMode: RunMode.Async,
    queue: inMemoryQueue(),
    queues: { ...queues, defaults: { backoffMs: 0, ...queues?.defaults } },
    ...others,
  };
  const application = await start({ ...setup, options: all });
  return { ...application, queues: application.app.get(Queues), health: application.app.get(QueueHealth) };
}

/** Collects the notifications of some classes from now on. */
export function collect<N extends DispatchNotification>({ app }: Application, ...types: NotificationClass<N>[]): N[] {
  const seen: N[] = [];
  for (const type of types)
    app
      .get(Notifications)
      .ofType(type)
      .subscribe((notification) => seen.push(notification));
  return seen;
}

/** Waits for a condition. @throws Error naming what did not come about within 30 s: no test waits as long for what comes */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error(`waited in vain for ${what}`);
    await setTimeout(2);
  }
}
