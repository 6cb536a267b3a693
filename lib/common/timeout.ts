/** The longest delay `setTimeout` can keep, about 24.8 days; above it the timer fires at once. */
export const MAX_TIMEOUT_MS = 2_147_483_647;

/** Whether a time limit in milliseconds can be kept; 0 counts, and means no limit. */
export function isTimeoutMs(value: number): boolean {
  return Number.isFinite(value) && value >= 0 && value <= MAX_TIMEOUT_MS;
}
