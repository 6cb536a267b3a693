/** The same values in every run, so that a run tells of the code and not of its luck; `PROPERTY_SEED` explores others. */
const seed = Number(process.env['PROPERTY_SEED'] ?? 20_261_121);

/** How fast-check is to run a property; 100 runs unless a property says otherwise. */
export function propertyRuns(numRuns = 100): { readonly seed: number; readonly numRuns: number } {
  return { seed, numRuns };
}
