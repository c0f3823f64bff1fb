import { setTimeout as delay } from "node:timers/promises";

/** Resolves when it is so. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (await condition()) return;
    await delay(10);
  }
  throw new Error("It did not happen in a thousand looks.");
};
