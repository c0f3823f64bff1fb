/** When to speak of a running import that has nothing new to say. All times in seconds. */

/** ECS publishes no durations; tools that wait for imports plan with 20 minutes to two hours. */
const attentionAfterInSeconds = 2 * 3600;
/** Without any progress for so long an import is most likely stuck; ECS itself never says so. */
const stuckAfterInSeconds = 6 * 3600;
const heartbeatInSeconds = 15 * 60;

export type Warning = "attention" | "stuck";

export interface ClockReading {
  /** When the import was submitted, when its progress last moved, what it was then, and what was said already. */
  readonly since: number;
  readonly movedAt: number;
  readonly warned: number;
  readonly now: number;
}

/** The warning that is due now, if one is that was not given yet. Neither ever turns an import into a failure. */
export function warningDue({ since, movedAt, warned, now }: ClockReading): Warning | undefined {
  if (now - movedAt >= stuckAfterInSeconds && (warned & 2) === 0) return "stuck";
  if (now - since >= attentionAfterInSeconds && (warned & 1) === 0) return "attention";
  return undefined;
}

/** What `warned` becomes: being stuck includes the attention. */
export const afterWarning = (warned: number, warning: Warning): number => warned | (warning === "stuck" ? 3 : 1);

/** When to speak next of an import whose progress does not move. */
export const nextHeartbeat = (now: number): number => now + heartbeatInSeconds;
