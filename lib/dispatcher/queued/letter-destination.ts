import { RunMode } from '../../message/run-mode.js';
import type { LetterDestination } from '../../run-modes/dead-letters/queue-letters.js';
import type { PlacedHandler, Routes } from '../routes.js';

/** Finds the queue of the handler that a message has now; none where it has none here, or one in the caller's turn. */
export function letterDestination(routes: Pick<Routes, 'named' | 'event' | 'single'>): LetterDestination {
  return ({ kind, name, version }, key) => {
    const target = routes.named(name, version)?.target;
    if (target === undefined) return undefined;
    const handlers =
      kind === 'event' ? routes.event(target).handlers : [routes.single(kind, target)?.handler].filter(isThere);
    const handler =
      key === undefined || kind !== 'event' ? handlers[0] : handlers.find(({ facts }) => facts.key === key);
    return handler?.placement.runMode === RunMode.Async ? handler.placement.queue : undefined;
  };
}

function isThere(handler: PlacedHandler | undefined): handler is PlacedHandler {
  return handler !== undefined;
}
