/** Time is a dependency: nothing but `systemClock` reads the machine's. */
export interface Clock {
  now(): Date;
  /** Resolves after the given time has passed on this clock. */
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
