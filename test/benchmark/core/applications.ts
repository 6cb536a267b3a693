/** The application with the commands and queries; the others publish. */
export const COMMANDS = 'commands';

/** How many handlers an application has: those of the event that is published, and those of other events. */
export interface Publishing {
  readonly handlers: number;
  readonly others: number;
}

/** The applications that publish, by the name of their one scenario. */
export const PUBLISHING: Readonly<Record<string, Publishing>> = {
  publish: { handlers: 1, others: 0 },
  'publish, 50 others': { handlers: 1, others: 50 },
  'publish to 10': { handlers: 10, others: 0 },
};

/** @throws an Error where there is no such application */
export function publishingOf(name: string): Publishing {
  const publishing = PUBLISHING[name];
  if (publishing === undefined) throw new Error(`there is no application "${name}"`);
  return publishing;
}

/** The names of all of them. */
export const APPLICATIONS: readonly string[] = [COMMANDS, ...Object.keys(PUBLISHING)];
