import type { Delivery, QueueBackendFactory, QueueConsumer, Settlement } from '../../../lib/index.js';
import type { JournalWriter } from '../../processes/journal.js';
import type { ChaosEvent } from './events.js';
import type { Strikes } from './strikes.js';

/** The same backend, which writes down what is delivered and settled, and comes by the points that are its own. */
export function striking(
  factory: QueueBackendFactory,
  strikes: Strikes,
  journal: JournalWriter<ChaosEvent>,
): QueueBackendFactory {
  return {
    name: factory.name,
    create: (host) => {
      const backend = factory.create(host);
      const consume = backend.consume.bind(backend);
      backend.consume = async (settings, handle) => {
        const consumer = await consume(settings, async (delivery) => {
          journal.write({ event: 'fetched', id: delivery.id, key: delivery.key, attempt: delivery.attempt });
          strikes.reached('fetched', delivery.id);
          return settled(delivery, await handle(strikingDelivery(delivery, strikes)));
        });
        return strikingConsumer(consumer, strikes);
      };
      return backend;
    },
  };

  function settled({ id, key }: Delivery, settlement: Settlement): Settlement {
    const { action } = settlement;
    if (action === 'complete') strikes.reached('settling', id);
    if (action === 'park') strikes.reached('parking', id);
    journal.write({ event: action === 'park' ? 'parked' : 'settled', id, key, detail: action });
    return settlement;
  }
}

function strikingDelivery(delivery: Delivery, strikes: Strikes): Delivery {
  const count = delivery.countAttempt.bind(delivery);
  delivery.countAttempt = () => {
    strikes.reached('counting', delivery.id);
    return count();
  };
  return delivery;
}

function strikingConsumer(consumer: QueueConsumer, strikes: Strikes): QueueConsumer {
  const stop = consumer.stop.bind(consumer);
  consumer.stop = () => {
    stop();
    strikes.reached('draining', '');
  };
  return consumer;
}
