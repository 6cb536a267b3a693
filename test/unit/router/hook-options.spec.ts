import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import type { DispatchOptions, RouterHooks } from 'nestjs-dispatch';

import { mistakesOf, start } from '../dispatcher/application.js';

@Injectable()
class Tally implements RouterHooks {
  readonly received: string[] = [];

  onNoSource(): void {
    this.received.push('no source');
  }

  /** A method of its own that only looks like a hook. */
  onReceived(): void {
    this.received.push('received');
  }
}

class Idle {
  onNoHandlr(): void {}
}

const known = 'the hooks are onParse, onDispatch, onSuccess, onFailure, onParseError, onNoHandler';

describe('an entry of the option "hooks"', () => {
  it.each<[string, unknown, string]>([
    ['a class', Tally, 'holds the class Tally: give an object or an instance with hooks'],
    ['a function', () => undefined, 'holds a function: give an object'],
    ['undefined', undefined, 'holds undefined: give an object'],
    ['null', null, 'holds null: give an object'],
    [
      'an object with a mistyped name',
      { onNoHandlr: () => undefined },
      `holds the unknown hook "onNoHandlr": ${known}`,
    ],
    ['an object with no function', { onParse: 'log' }, 'has a hook "onParse" that is a string, not a function'],
    ['an instance without any hook', new Idle(), `holds an instance of Idle, which has no hook: ${known}`],
  ])('is a mistake where it is %s', async (_title, entry, text) => {
    const mistakes = await mistakesOf({ options: { hooks: [entry] } as DispatchOptions });
    expect(mistakes).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(text) }]);
    expect(mistakes[0]?.text).toMatch(/^The option "hooks" of DispatchModule holds/);
  });

  it('may be an instance with further methods, or an object whose hook is left out', async () => {
    const tally = new Tally();
    const { dispatcher } = await start({ options: { hooks: [tally, { onNoHandler: undefined } as never, {}] } });
    expect((await dispatcher.process('{}')).outcome).toBe('skipped');
    expect(tally.received).toEqual(['no source']);
  });
});
