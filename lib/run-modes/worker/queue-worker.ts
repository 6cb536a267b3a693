import { delay } from '../../common/promises.js';
import type { Delivery, QueueBackend, QueueConsumer, Settlement } from '../queue/queue-backend.port.js';
import type { QueueSettings } from '../queue/queue-settings.js';
import type { KeepParked } from '../dead-letters/store-letters.js';
import { SequencedKeys, type SequencedBackend } from '../sequenced/sequenced-keys.js';
import { DeliveryRun } from './delivery-run.js';
import type { DeliveryRunParts } from './delivery-run-parts.js';

const GIVEN_BACK: Settlement = { action: 'giveBack' };
/** How long deliveries may take to end whose handlers have, in milliseconds, before they are given back. */
const SETTLING_MS = 250;

/** A delivery that is being handled. */
interface Running {
  readonly run: DeliveryRun;
  /** Ends the delivery without waiting for the handler. */
  readonly giveBack: (settlement: Settlement) => void;
  /** Resolves when the delivery has come to its end. */
  readonly ended: Promise<unknown>;
}

/** Handles what the queues of this process deliver, until it is stopped. */
export class QueueWorker {
  private readonly consumers = new Map<string, QueueConsumer>();
  private readonly running = new Set<Running>();
  private readonly activities = new Map<string, { started: number; running: number }>();
  private readonly sequence: SequencedKeys;
  private isStopped = false;

  constructor(
    private readonly backend: Pick<QueueBackend, 'consume'> & SequencedBackend,
    private readonly parts: DeliveryRunParts,
    /** Keeps what is parked elsewhere, where it is kept elsewhere. Rejects where that fails. */
    private readonly keep?: KeepParked | undefined,
  ) {
    this.sequence = new SequencedKeys(backend);
  }

  /**
   * How many deliveries of a queue were made to this worker since it started, and how many of them are being handled;
   * undefined for a queue it does not work on.
   */
  activity(queue: string): { readonly started: number; readonly running: number } | undefined {
    return this.activities.get(queue);
  }

  /** Begins to work on a queue; a second call changes nothing, unless the first has failed. */
  async work(settings: QueueSettings): Promise<void> {
    if (this.isStopped || this.consumers.has(settings.name)) return;
    this.activities.set(settings.name, { started: 0, running: 0 });
    const starting = this.backend.consume(settings, (delivery) => this.handle(settings, delivery));
    // In its place at once, so that a stop that comes meanwhile is not missed.
    this.consumers.set(settings.name, consumerOf(starting));
    try {
      await starting;
    } catch (error) {
      this.consumers.delete(settings.name);
      this.activities.delete(settings.name);
      throw error;
    }
  }

  /** Takes nothing more. What is being handled goes on, but is not tried again here. */
  stop(): void {
    this.isStopped = true;
    for (const consumer of this.consumers.values()) consumer.stop();
    for (const { run } of this.running) run.stop();
  }

  /**
   * Gives back what is still being handled, which does not count as an attempt, and closes. A handler that has ended just
   * now is not given back, as it would run twice.
   */
  async close(): Promise<void> {
    this.stop();
    await this.settled();
    for (const { giveBack } of this.running) giveBack(GIVEN_BACK);
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.close()));
  }

  /** Parks elsewhere, again and again until that works or the message is wanted back. */
  private async kept(
    keep: KeepParked,
    { settings, delivery, run }: { settings: QueueSettings; delivery: Delivery; run: DeliveryRun },
    settlement: Settlement,
  ): Promise<Settlement> {
    for (;;) {
      try {
        return await keep({ queue: settings.name, delivery, attempts: run.lastAttempt }, settlement);
      } catch (error) {
        if (!(await run.outlasts(error))) return GIVEN_BACK;
      }
    }
  }

  private async settled(): Promise<void> {
    const waiting = new AbortController();
    const all = Promise.all([...this.running].map(({ ended }) => ended));
    await Promise.race([all, delay(SETTLING_MS, waiting.signal)]);
    waiting.abort();
  }

  private handle(settings: QueueSettings, delivery: Delivery): Promise<Settlement> {
    if (this.isStopped) return Promise.resolve(GIVEN_BACK);
    const activity = this.activities.get(settings.name) ?? { started: 0, running: 0 };
    activity.started += 1;
    activity.running += 1;
    const run = new DeliveryRun(this.parts, settings, delivery);
    return new Promise((resolve) => {
      // What is parked elsewhere may be sent again from there, and needs its payload then.
      let isKept = false;
      const end = (settlement: Settlement): void => {
        if (this.running.delete(running)) activity.running -= 1;
        resolve(settlement);
        if (!isKept) this.parts.claims?.ended(delivery, settlement);
      };
      const disturbed = async (reason: unknown): Promise<void> => {
        // Rejects only where the application's own logger throws: even then the entry must not stay in our hands.
        end(await run.disturbed(reason).catch(() => GIVEN_BACK));
      };
      const { keep } = this;
      const begun = this.begin(settings, delivery, run);
      const settled =
        keep === undefined
          ? begun
          : begun.then((settlement) => {
              isKept = settlement.action === 'park';
              return isKept ? this.kept(keep, { settings, delivery, run }, settlement) : settlement;
            });
      const running: Running = { run, ended: settled.then(end, disturbed), giveBack: end };
      this.running.add(running);
    });
  }

  /** In a queue that is sequenced, a message with a key may have to stay behind another one. */
  private begin({ name: queue, sequenced }: QueueSettings, delivery: Delivery, run: DeliveryRun): Promise<Settlement> {
    const { id, key, name, place } = delivery;
    if (!sequenced || key === undefined) return run.settle();
    return this.sequence.settle(
      { queue, id, key, name, place },
      {
        settle: () => (this.isStopped ? Promise.resolve(GIVEN_BACK) : run.settle()),
        parkBehind: (error) => run.parkBehind(error),
      },
    );
  }
}

/** Stands for a consumer that is being made. */
function consumerOf(starting: Promise<QueueConsumer>): QueueConsumer {
  // Whoever started it is told of a failure; here it only means that there is nothing to stop.
  const consumer = starting.catch(() => undefined);
  return {
    stop: () => void consumer.then((made) => made?.stop()),
    close: async () => (await consumer)?.close(),
  };
}
