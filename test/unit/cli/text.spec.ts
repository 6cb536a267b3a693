import { describe, expect, it } from '@jest/globals';

import { nearestName } from '../../../lib/cli/input/nearest.js';
import { columnsOf, cut, padded, wrapped } from '../../../lib/cli/text/columns.js';
import { printable } from '../../../lib/cli/text/printable.js';
import { tableLines } from '../../../lib/cli/text/text-table.js';

describe('printable', () => {
  it.each([
    ['what moves the cursor', 'a\u001b[2Jb\u0007\u009b1m', 'a\\x1b[2Jb\\x07\\x9b1m'],
    ['what overwrites the line', 'paid\rfailed', 'paid\\x0dfailed'],
    ['what turns writing around', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['line breaks and tabs', 'a\n\tb', 'a  b'],
  ])('shows %s as text', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps line breaks where lines are wanted, and letters of every script', () => {
    expect(printable('größe\n注文 🚚\u001b', 'lines')).toBe('größe\n注文 🚚\\x1b');
  });
});

describe('columns of text', () => {
  it.each([
    ['plain', 5],
    ['größe', 5],
    ['注文', 4],
    ['🚚', 2],
    ['👩‍👧', 2],
    ['e\u0301', 1],
    ['', 0],
  ])('of %j are %i', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  it('are cut at a letter, never inside one', () => {
    expect([cut('orders', 6), cut('orders', 4), cut('注文票', 4), cut('👩‍👧👩‍👧', 3)]).toEqual([
      'orders',
      'ord…',
      '注…',
      '👩‍👧…',
    ]);
    expect(padded('注文', 6)).toBe('注文  ');
  });

  it('break between words', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapped('incomprehensible', 7)).toEqual(['incomprehensible']);
  });
});

describe('a table', () => {
  const rows = [
    { id: '1', text: 'short' },
    { id: '22', text: 'x'.repeat(200) },
  ];
  const id = { title: 'ID', of: (row: { id: string }) => row.id };
  const text = { title: 'TEXT', of: (row: { text: string }) => row.text, canShrink: true };

  it('fits the columns there are by cutting what may be cut', () => {
    const lines = tableLines(rows, [id, text], 40);
    expect(lines).toEqual(['ID  TEXT', '1   short', `22  ${'x'.repeat(35)}…`]);
  });

  it('is no narrower than its titles and what must be whole', () => {
    expect(tableLines(rows, [id, text], 1)).toEqual(['ID  TEXT', '1   sho…', '22  xxx…']);
  });

  it('shows control characters in a cell as text', () => {
    expect(tableLines([{ id: '\u001b' }], [id], 40)[1]).toBe('\\x1b');
  });
});

describe('the nearest name', () => {
  const known = ['list', 'groups', 'replay', 'correlation-id'];

  it.each([
    ['lst', 'list'],
    ['lits', 'list'],
    ['correlationid', 'correlation-id'],
    ['corr', 'correlation-id'],
    ['show', undefined],
    ['', undefined],
  ])('of %j is %j', (typed, name) => {
    expect(nearestName(typed, known)).toBe(name);
  });
});
