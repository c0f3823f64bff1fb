import fc from "fast-check";
import { parseCronExpression } from "../../../../local/fc/timer-schedule.ts";

const next = (
  expression: string,
  after = "2026-11-23T10:00:00Z", // a Monday
) => parseCronExpression(expression).next(new Date(after))?.toISOString().replace(".000Z", "Z");

describe("a timer's schedule", () => {
  it.each([
    ["@every 1m", "2026-11-23T10:01:00Z"],
    ["@every 90s", "2026-11-23T10:01:30Z"],
    ["@every 1h30m5s", "2026-11-23T11:30:05Z"],
    ["0 0 8 * * *", "2026-11-24T08:00:00Z"],
    ["0 * * * * *", "2026-11-23T10:01:00Z"],
    ["*/20 * * * * ?", "2026-11-23T10:00:20Z"],
    ["15,45 * * * * *", "2026-11-23T10:00:15Z"],
    ["5/10 * * * * *", "2026-11-23T10:00:05Z"],
    ["0 0-10/5 11 * * *", "2026-11-23T11:00:00Z"],
    ["0 0 0 1 JAN ?", "2027-01-01T00:00:00Z"],
    ["0 0 12 ? * MON-FRI", "2026-11-23T12:00:00Z"],
    ["0 0 9 ? * MON-FRI", "2026-11-24T09:00:00Z"],
    ["0 0 12 ? * 1", "2026-11-29T12:00:00Z"],
    ["0 0 12 25 * SAT", "2026-11-25T12:00:00Z"],
    ["0 0 0 29 2 ?", "2028-02-29T00:00:00Z"],
    ["0 0 0 30 FEB ?", undefined],
  ])("%s fires next at %s", (expression, expected) => {
    expect(next(expression)).toBe(expected);
  });

  it.each([
    ["CRON_TZ=Asia/Shanghai 0 0 4 * * *", "CRON_TZ is not supported here"],
    ["* * * * *", "has not six fields"],
    ["60 * * * * *", '"60" is not a second'],
    ["* * 24 * * *", '"24" is not a hour'],
    ["* * * 0 * *", '"0" is not a day of month'],
    ["* * * * 13 *", '"13" is not a month'],
    ["* * * L * ?", '"L" is not a day of month'],
    ["* * * ? * 8", '"8" is not a day of week'],
    ["10-5 * * * * *", '"10-5" is not a second'],
    ["*/0 * * * * *", '"*/0" is not a second'],
    ["@every 0s", "has no period"],
    ["@every soon", "has not six fields"],
    ["@daily", "has not six fields"],
  ])("refuses %s", (expression, message) => {
    expect(() => parseCronExpression(expression)).toThrow(message);
  });

  it("always fires later, at a time that its fields allow, and at the first such", () => {
    const field = (from: number, to: number) =>
      fc.oneof(
        fc.constant("*"),
        fc.integer({ min: from, max: to }).map(String),
        fc.integer({ min: 1, max: 20 }).map((n) => `*/${n}`),
      );
    const seconds = fc.tuple(field(0, 59), field(0, 59), field(0, 23));
    const start = fc.date({ min: new Date("2020-01-01Z"), max: new Date("2040-01-01Z"), noInvalidDate: true });
    const allows = (text: string, value: number): boolean =>
      text === "*" || (text.startsWith("*/") ? value % Number(text.slice(2)) === 0 : value === Number(text));
    fc.assert(
      fc.property(seconds, start, ([second, minute, hour], after) => {
        const found = parseCronExpression(`${second} ${minute} ${hour} * * *`).next(after);
        if (found === undefined) return false;
        const matches = (time: Date) =>
          allows(second, time.getUTCSeconds()) &&
          allows(minute, time.getUTCMinutes()) &&
          allows(hour, time.getUTCHours());
        for (let at = Math.floor(after.getTime() / 1000 + 1) * 1000; at < found.getTime(); at += 1000) {
          if (matches(new Date(at))) return false;
        }
        return found > after && matches(found) && found.getUTCMilliseconds() === 0;
      }),
      { numRuns: 60 },
    );
  });
});
