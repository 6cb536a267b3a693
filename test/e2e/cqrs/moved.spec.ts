import { describe, expect, it, jest } from '@jest/globals';
import * as dispatch from 'nestjs-dispatch';

jest.unstable_mockModule('@nestjs/cqrs', () => dispatch);

const { publisherScenarios } = await import('./publisher-scenarios.js');
const { shopScenarios } = await import('./scenarios.js');

describe('the application with nestjs-dispatch in its import lines', () => {
  it('runs on the classes of nestjs-dispatch', async () => {
    const imported = await import('@nestjs/cqrs');
    expect(imported.CommandBus).toBe(dispatch.CommandBus);
  });

  describe('in feature modules', () => {
    shopScenarios();
  });
  describe('with options and publishers of its own', () => {
    publisherScenarios();
  });
});
