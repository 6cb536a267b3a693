import { describe } from '@jest/globals';

import { publisherScenarios } from './publisher-scenarios.js';
import { shopScenarios } from './scenarios.js';

describe('an application that imports @nestjs/cqrs', () => {
  describe('in feature modules', () => {
    shopScenarios();
  });
  describe('with options and publishers of its own', () => {
    publisherScenarios();
  });
});
