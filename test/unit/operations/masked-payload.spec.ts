import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { Message, Sensitive } from 'nestjs-dispatch';

import { encodeValue } from '../../../lib/message/codec/json-codec.js';
import { Rehydrator } from '../../../lib/message/codec/rehydrate.js';
import { MessageRegistry } from '../../../lib/message/message-registry.js';
import { LetterViews } from '../../../lib/operations/letter-views.js';

class Card {
  @Sensitive() number = '4111';
  holder = 'Zoë';
}

class Backup {
  @Sensitive() number = '4222';
}

@Message('cards.charge', { sensitive: ['notes.secret', 'lines.code', 'byName.zoe'] })
class ChargeCard {
  @Sensitive() pin: unknown = '1234';
  amount: unknown = 7;
  @Type(() => Card) card: unknown = new Card();
  @Type(() => Backup) backups: unknown = [new Backup(), new Backup()];
  notes: unknown = { secret: 's', plain: 'p' };
  lines: unknown = [{ code: 'c', at: new Date(0) }];
  byName: unknown = new Map<string, unknown>([
    ['zoe', 'hidden'],
    ['ada', { n: 1 }],
  ]);
  all: unknown = new Set([1]);
  trick: unknown = { '$dispatch:date': 'not a tag of ours' };
}

const messages = new MessageRegistry();
messages.add(ChargeCard);
const rehydrator = await Rehydrator.load();
const views = new LetterViews(messages, (target, plain) => rehydrator.toMessage(target, plain));

function letterOf(payload: unknown, { name = 'cards.charge', version = 1 } = {}) {
  const message = {
    ...{ name, version, kind: 'command' as const, id: 'm1', headers: {}, payload },
    ...{ sentAt: undefined, key: undefined, priority: undefined, claim: undefined },
  };
  return {
    ...{ id: 'l1', queue: 'q', place: 'failed' as const, label: undefined, handler: undefined, message },
    data: { payload },
    error: { name: 'Error', message: 'no', code: undefined, stack: undefined, details: undefined },
    ...{ attempts: 1, firstFailedAt: new Date(0), lastFailedAt: new Date(0), cause: 'c', tags: [] },
  };
}

const stored = encodeValue(new ChargeCard());

describe('the view of a dead letter', () => {
  it('masks what the class, the classes nested in it and @Message name, and leaves all else as it is stored', () => {
    const view = views.view(letterOf(stored));
    expect(view.message?.payload).toEqual({
      pin: '[redacted]',
      amount: 7,
      card: { number: '[redacted]', holder: 'Zoë' },
      backups: [{ number: '[redacted]' }, { number: '[redacted]' }],
      notes: { secret: '[redacted]', plain: 'p' },
      lines: [{ code: '[redacted]', at: { '$dispatch:date': '1970-01-01T00:00:00.000Z' } }],
      byName: {
        '$dispatch:map': [
          ['zoe', '[redacted]'],
          ['ada', { n: 1 }],
        ],
      },
      all: { '$dispatch:set': [1] },
      trick: { '$dispatch:escape': { '$dispatch:date': 'not a tag of ours' } },
    });
  });

  it('has no raw data beside a message, where the payload would stand once more', () => {
    expect(views.view(letterOf(stored))).not.toHaveProperty('data');
    expect(views.view({ ...letterOf(stored), message: undefined })).toHaveProperty('data');
  });

  it('masks a version that nothing handles here by the newest that is known', () => {
    const { message } = views.view(letterOf({ pin: '1' }, { version: 9 }));
    expect(message?.payload).toEqual({ pin: '[redacted]' });
  });

  it('shows the payload of a message whose class is not known', () => {
    const { message } = views.view(letterOf({ pin: '1' }, { name: 'cards.other' }));
    expect(message?.payload).toEqual({ pin: '1' });
  });

  it.each([null, 'text', 7, [{ pin: '1' }]])('shows a payload that is no object of fields: %j', (payload) => {
    expect(views.view(letterOf(payload)).message?.payload).toEqual(payload);
  });

  it('masks by what the class declares where no instance can be made of the payload', () => {
    const payload = { pin: '1', card: { number: '4' }, constructor: 'x' };
    const { message } = views.view(letterOf(payload));
    expect(message?.payload).toMatchObject({ pin: '[redacted]' });
  });
});

describe('an edited payload', () => {
  const letter = letterOf(stored);

  it('is what was stored where nothing was edited', () => {
    const { payload, lost } = views.unmasked(views.view(letter).message?.payload, letter);
    expect({ payload, lost }).toEqual({ payload: stored, lost: [] });
  });

  it('keeps what was edited beside a mask, and a mask that was written over', () => {
    const edited = { pin: '[redacted]', amount: 9, card: { number: '4999', holder: 'Ada' } };
    const { payload } = views.unmasked(edited, letter);
    expect(payload).toEqual({ pin: '1234', amount: 9, card: { number: '4999', holder: 'Ada' } });
  });

  it.each([
    ['in a place where nothing is stored', { other: '[redacted]' }, ['other']],
    [
      'in a list with an item less, where it is not known which is which',
      { backups: [{ number: '[redacted]' }] },
      ['backups.0.number'],
    ],
    ['under an inherited name', { toString: '[redacted]' }, ['toString']],
  ])('loses a mask %s', (_where, edited, lost) => {
    expect(views.unmasked(edited, letter).lost).toEqual(lost);
  });

  it('loses a mask in the place of a payload that could not be read', () => {
    expect(views.unmasked('[redacted]', { ...letter, message: undefined }).lost).toEqual(['(all of it)']);
  });
});
