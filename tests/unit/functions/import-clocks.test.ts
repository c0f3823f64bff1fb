import {
  afterWarning,
  nextHeartbeat,
  type Warning,
  warningDue,
} from "../../../functions/report-tasks/import-clocks.ts";

const hours = 3600;

describe("the two clocks of a running import", () => {
  it.each<[string, number, number, number, Warning | undefined]>([
    ["is young", 1 * hours, 1 * hours, 0, undefined],
    ["has almost run for two hours", 2 * hours - 1, 0, 0, undefined],
    ["has run for two hours, however it moves", 2 * hours, 0, 0, "attention"],
    ["has run for two hours, which was said", 2 * hours, 0, 1, undefined],
    ["has run for a day and moves, which was said", 24 * hours, 0, 1, undefined],
    ["has not moved for almost six hours", 6 * hours, 6 * hours - 1, 1, undefined],
    ["has not moved for six hours", 6 * hours, 6 * hours, 1, "stuck"],
    ["has not moved for six hours and was never spoken of", 6 * hours, 6 * hours, 0, "stuck"],
    ["has not moved for a day, which was said", 24 * hours, 24 * hours, 3, undefined],
  ])("say of one that %s", (_, age, unmoved, warned, expected) => {
    const now = 1_000_000;
    expect(warningDue({ since: now - age, movedAt: now - unmoved, warned, now })).toBe(expected);
  });

  it("speak once each: what was said is remembered, and being stuck includes the attention", () => {
    expect([afterWarning(0, "attention"), afterWarning(0, "stuck"), afterWarning(1, "stuck")]).toEqual([1, 3, 3]);
    const reading = { since: 0, movedAt: 0, now: 24 * hours };
    expect(warningDue({ ...reading, warned: afterWarning(0, "stuck") })).toBeUndefined();
  });

  it("let an import that does not move be spoken of every quarter of an hour", () => {
    expect(nextHeartbeat(1000)).toBe(1900);
  });
});
