import { faultKinds } from "../faults/fault-kinds.ts";
import { randomSchedule, singleFaults } from "../faults/plans.ts";
import { plainUpload, rivalBefore, scenarios, tickBefore } from "../faults/scenarios.ts";
import { runSchedule, type Schedule } from "../faults/schedule.ts";
import { scheduleText } from "../faults/schedule-text.ts";

/** A small part of what `npm run test:faults` runs, so that `npm test` hears of a broken promise at once. */
const requests = 40;
/** Coprime with the number of kinds, so that kinds and requests are met in ever new pairs. */
const oneIn = faultKinds.length + 1;
const sample: readonly Schedule[] = [
  ...singleFaults(plainUpload, requests).filter((_, index) => index % oneIn === 0),
  ...[8, 16, 22].flatMap((call) => [
    { scenario: rivalBefore(call), faults: [], seed: call },
    { scenario: tickBefore(call), faults: [], seed: call },
  ]),
  ...[1, 2, 3, 4].map((seed) =>
    randomSchedule(
      scenarios.map((scenario) => ({ scenario, requests })),
      seed,
    ),
  ),
];

describe("whatever fails, whenever it fails, an upload ends in one image or one reason", () => {
  it.each(sample.map((schedule) => [scheduleText(schedule), schedule] as const))("%s", async (_, schedule) => {
    const { violations } = await runSchedule(schedule, 100);
    expect(violations).toEqual([]);
  });
});
