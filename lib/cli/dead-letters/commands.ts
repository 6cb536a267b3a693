import type { CommandGroup } from '../command.js';
import { discardCommand, purgeCommand, replayCommand } from './acting.js';
import { groupsCommand, listCommand, showCommand } from './reading.js';

/** Everything about dead letters. */
export const deadLetterCommands: CommandGroup = {
  name: 'dead-letters',
  summary: 'shows, replays and removes the messages that were given up on',
  commands: [listCommand, groupsCommand, showCommand, replayCommand, discardCommand, purgeCommand],
};
