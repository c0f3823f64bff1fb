import { type Refusal, refuse } from "./errors.ts";

/** How often an operation was called in the current second of the clock. */
export type CallCounts = Map<string, { readonly second: number; readonly calls: number }>;

/** Counts a call; a call above the limit is told how many milliseconds to wait. */
export const throttle = (counts: CallCounts, operation: string, limit: number, now: number): Refusal | undefined => {
  const second = Math.floor(now / 1000);
  const earlier = counts.get(operation);
  const calls = earlier?.second === second ? earlier.calls + 1 : 1;
  counts.set(operation, { second, calls });
  if (calls <= limit) return undefined;
  return { ...refuse("Throttling.User"), headers: { "x-acs-retry-after": String((second + 1) * 1000 - now) } };
};
