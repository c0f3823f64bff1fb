import type { Clock } from "../../shared/clock.ts";

/** A clock that jumps over every pause, so that hours of waiting take no time. */
export interface WorldClock extends Clock {
  advance(milliseconds: number): void;
  /** The same time as a machine sees it whose clock is wrong by this much. */
  skewed(milliseconds: number): Clock;
}

export function worldClock(start = "2026-11-23T10:00:00Z"): WorldClock {
  let time = Date.parse(start);
  const sleep = async (milliseconds: number): Promise<void> => {
    time += Math.max(0, milliseconds);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => new Date(time),
    sleep,
    advance: (milliseconds) => {
      time += milliseconds;
    },
    skewed: (milliseconds) => ({ now: () => new Date(time + milliseconds), sleep }),
  };
}
