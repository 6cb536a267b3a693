import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Row } from '../suite.js';
import type { HeapSamples } from './heap.js';

const MB = 1024 * 1024;

/** The heap while many messages pass a small in-memory queue, in a process of its own. */
export async function heapRows(): Promise<readonly Row[]> {
  const program = fileURLToPath(new URL('./heap.js', import.meta.url));
  const child = fork(program, [], { execArgv: ['--expose-gc'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process that watches the heap ended with code ${code}`);
  });
  const [samples] = (await Promise.race([once(child, 'message'), ended])) as [HeapSamples];
  ended.catch(() => 'it was told all that is needed');
  return rowsOf(samples);
}

function rowsOf({ messages, heapBytes }: HeapSamples): readonly Row[] {
  const middle = Math.floor((heapBytes.length - 1) / 2);
  const shown = { start: heapBytes[0], middle: heapBytes[middle], end: heapBytes.at(-1) };
  const name = `memory: heap, ${messages} messages`;
  const rows = Object.entries(shown).map(([when, bytes = Number.NaN]) => ({
    name: `${name}, ${when}`,
    unit: 'MB',
    ours: bytes / MB,
    peer: null,
    peerName: '',
    ratio: null,
  }));
  const [highest, lowest] = [Math.max(...heapBytes) / MB, Math.min(...heapBytes) / MB];
  const unit = 'MB; ratio = highest / lowest';
  return [
    ...rows,
    { name: `${name}, highest`, unit, ours: highest, peer: lowest, peerName: 'lowest', ratio: highest / lowest },
  ];
}
