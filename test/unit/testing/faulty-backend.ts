import { inMemoryQueue } from '../../../lib/run-modes/memory/in-memory-queue.js';
import type {
  BackendHost,
  Delivery,
  DeliveryHandler,
  QueueBackend,
  QueueBackendFactory,
  QueueEntry,
  Settlement,
} from '../../../lib/run-modes/queue/queue-backend.port.js';

/** What a faulty backend does in place of the in-memory queue, which does the rest. */
export interface Faults {
  readonly host?: (host: BackendHost) => Partial<BackendHost>;
  readonly entry?: (entry: QueueEntry) => QueueEntry;
  readonly delivery?: (delivery: Delivery) => Partial<Delivery>;
  readonly settlement?: (settlement: Settlement, delivery: Delivery) => Settlement;
  readonly handle?: (handle: DeliveryHandler) => DeliveryHandler;
  readonly backend?: (backend: QueueBackend) => Partial<QueueBackend>;
}

/** The in-memory queue with something wrong about it. */
export function faultyQueue(faults: Faults): QueueBackendFactory {
  return {
    name: 'faulty',
    create(given) {
      const host: BackendHost = {
        instanceId: given.instanceId,
        replied: (id, outcome, place) => given.replied(id, outcome, place),
        happened: (event) => given.happened(event),
        ...faults.host?.(given),
      };
      const backend = inMemoryQueue().create(host);
      return delegate(backend, { ...spoiled(backend, faults), ...faults.backend?.(backend) });
    },
  };
}

function spoiled(backend: QueueBackend, { entry, delivery, settlement, handle }: Faults): Partial<QueueBackend> {
  const seen = (given: Delivery): Delivery => (delivery ? delegate(given, delivery(given)) : given);
  return {
    enqueue: (queue, entries) => backend.enqueue(queue, entry ? entries.map((each) => entry(each)) : entries),
    consume: (settings, given) => {
      const wrapped = handle?.(given) ?? given;
      return backend.consume(settings, async (each) => {
        const result = await wrapped(seen(each));
        return settlement?.(result, each) ?? result;
      });
    },
  };
}

/** An object whose members come from `own`, and else from the target. */
function delegate<T extends object>(target: T, own: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const source = Reflect.has(own, name) ? own : target;
      const value: unknown = Reflect.get(source, name);
      return typeof value === 'function' ? value.bind(source) : value;
    },
  });
}
