import type { QueueBackend } from './queue-backend.port.js';
import { QueueSender } from './queue-sender.js';
import { resolveQueueSettings, type QueueOptions, type QueueSettings } from './queue-settings.js';

/** Which queues there are, and how each is set. */
export interface QueueCatalogOptions {
  /** What holds for queues that say nothing of their own. */
  readonly defaults: QueueOptions;
  readonly each: Readonly<Record<string, QueueOptions>>;
}

/** A queue of this application. */
export interface KnownQueue {
  readonly settings: QueueSettings;
  readonly sender: QueueSender;
}

/** The queues of an application: those its options, handlers and routes name, and those added while it runs. */
export class QueueCatalog {
  private readonly queues = new Map<string, KnownQueue>();

  constructor(
    private readonly backend: QueueBackend,
    private readonly options: QueueCatalogOptions,
  ) {
    for (const name of Object.keys(options.each)) this.add(name);
  }

  get names(): readonly string[] {
    return [...this.queues.keys()];
  }

  get(name: string): KnownQueue | undefined {
    return this.queues.get(name);
  }

  /** Makes a queue known. One that is known stays as it is set. */
  add(name: string, own: QueueOptions | undefined = this.options.each[name]): KnownQueue {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    const settings = resolveQueueSettings(name, own, this.options.defaults);
    const queue = { settings, sender: new QueueSender(this.backend, settings) };
    this.queues.set(name, queue);
    return queue;
  }
}
