/** The router keys of several actions of one event: `githubKeys('star', 'created')` is `['github/star.created']`. */
export function githubKeys(event: string, ...actions: readonly string[]): string[] {
  return actions.map((action) => `github/${event}.${action}`);
}
