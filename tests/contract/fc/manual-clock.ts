import type { Clock } from "../../../shared/clock.ts";

/** A clock that moves only when told to, one sleeper after the other. */
export const manualClock = (
  start = "2026-11-23T10:00:00Z",
): Clock & { advance(milliseconds: number): Promise<void> } => {
  let now = Date.parse(start);
  const sleepers = new Map<() => void, number>();
  return {
    now: () => new Date(now),
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(wake);
          resolve();
        };
        if (signal?.aborted === true) return resolve();
        signal?.addEventListener("abort", wake, { once: true });
        sleepers.set(wake, now + milliseconds);
      }),
    advance: async (milliseconds) => {
      const until = now + milliseconds;
      for (;;) {
        const next = [...sleepers].filter(([, at]) => at <= until).sort(([, a], [, b]) => a - b)[0];
        if (next === undefined) break;
        now = next[1];
        next[0]();
        // Whoever was woken may go back to sleep before the clock moves on.
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = until;
    },
  };
};
