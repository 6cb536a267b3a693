/** What handles the webhooks, and how many sources are registered. */
export interface Application {
  readonly handler: 'function' | 'class';
  readonly count: number;
}

export const HANDLERS = ['function', 'class'] as const;
export const SOURCE_COUNTS = [1, 10, 100] as const;

const BY_NAME: ReadonlyMap<string, Application> = new Map(
  HANDLERS.flatMap((handler) => SOURCE_COUNTS.map((count) => [`${count}, ${handler}`, { handler, count }])),
);

/** The names of all applications. */
export const APPLICATIONS: readonly string[] = [...BY_NAME.keys()];

/** @throws an Error where there is no such application */
export function applicationOf(name: string): Application {
  const application = BY_NAME.get(name);
  if (application === undefined) throw new Error(`there is no application "${name}"`);
  return application;
}
