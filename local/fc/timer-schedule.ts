/**
 * When a timer trigger fires: `@every 1m30s`, or six cron fields (second, minute, hour, day of month, month, day of
 * week) in UTC, as the page "Timer triggers" of the Function Compute documentation words them.
 *
 * Gaps: `CRON_TZ=` and the letters L, W and # are refused.
 */

export interface TimerTrigger {
  readonly name: string;
  readonly cronExpression: string;
  readonly payload: string;
}

export interface TimerSchedule {
  /** The first time after `after`; undefined when there is none within the next eight years (30 February). */
  next(after: Date): Date | undefined;
}

class CronExpressionError extends Error {
  override readonly name = "CronExpressionError";
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** `names[0]` stands for `from`. */
interface Field {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}
const fields: readonly Field[] = [
  { label: "second", from: 0, to: 59 },
  { label: "minute", from: 0, to: 59 },
  { label: "hour", from: 0, to: 23 },
  { label: "day of month", from: 1, to: 31 },
  { label: "month", from: 1, to: 12, names: months },
  { label: "day of week", from: 1, to: 7, names: days },
];

const fieldItem = /^(?:([*?])|([0-9A-Z]+)(?:-([0-9A-Z]+))?)(?:\/([0-9]+))?$/;

const parseField = (text: string, field: Field): ReadonlySet<number> => {
  const refuse = (): never => {
    throw new CronExpressionError(`"${text}" is not a ${field.label}`);
  };
  const value = (word: string): number => {
    const named = field.names?.indexOf(word) ?? -1;
    const number = named >= 0 ? field.from + named : /^\d{1,2}$/.test(word) ? Number(word) : refuse();
    return number >= field.from && number <= field.to ? number : refuse();
  };
  const values = new Set<number>();
  for (const item of text.toUpperCase().split(",")) {
    const [, any, first, last, stepText] = fieldItem.exec(item) ?? refuse();
    const from = any !== undefined || first === undefined ? field.from : value(first);
    // `5/10` means from 5 to the end, every 10.
    const open = any !== undefined || (last === undefined && stepText !== undefined);
    const to = open ? field.to : last === undefined ? from : value(last);
    const step = stepText === undefined ? 1 : Number(stepText);
    if (step < 1 || to < from) refuse();
    for (let at = from; at <= to; at += step) values.add(at);
  }
  return values;
};

const every = /^@every\s+(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?$/;
const dayInMilliseconds = 24 * 60 * 60 * 1000;
const horizonInDays = 8 * 366;

/** Fires again and again after this many seconds; the first time that long after it is first asked. */
export const everySeconds = (seconds: number): TimerSchedule => ({
  next: (after) => new Date(after.getTime() + seconds * 1000),
});

const cronSchedule = (expression: string): TimerSchedule => {
  const texts = expression.split(/\s+/);
  if (texts.length !== fields.length) throw new CronExpressionError(`"${expression}" has not six fields`);
  const sets = fields.map((field, index) => parseField(texts[index] ?? "", field));
  const [seconds = new Set(), minutes = new Set(), hours = new Set(), monthDays, monthNumbers, weekDays] = sets;
  const restricted = (index: number): boolean => !/^[*?]/.test(texts[index] ?? "");
  const dayMatches = (day: Date): boolean => {
    if (monthNumbers?.has(day.getUTCMonth() + 1) !== true) return false;
    const inMonth = monthDays?.has(day.getUTCDate()) === true;
    const inWeek = weekDays?.has(day.getUTCDay() + 1) === true;
    // As in every cron: two restrictions on the day mean either, one means that one.
    return restricted(3) && restricted(5) ? inMonth || inWeek : inMonth && inWeek;
  };
  const times = (day: number): number[] =>
    [...hours].flatMap((hour) =>
      [...minutes].flatMap((minute) => [...seconds].map((second) => day + ((hour * 60 + minute) * 60 + second) * 1000)),
    );
  return {
    next: (after) => {
      const first = Math.floor(after.getTime() / dayInMilliseconds) * dayInMilliseconds;
      for (let index = 0; index < horizonInDays; index += 1) {
        const day = first + index * dayInMilliseconds;
        if (!dayMatches(new Date(day))) continue;
        const later = times(day).filter((time) => time > after.getTime());
        if (later.length > 0) return new Date(later.reduce((a, b) => Math.min(a, b)));
      }
      return undefined;
    },
  };
};

/** @throws CronExpressionError with what cannot be read */
export const parseCronExpression = (expression: string): TimerSchedule => {
  if (expression.startsWith("CRON_TZ=")) throw new CronExpressionError("CRON_TZ is not supported here: use UTC");
  const period = every.exec(expression);
  if (period === null) return cronSchedule(expression);
  const [hours = 0, minutes = 0, seconds = 0] = period.slice(1).map((text) => Number(text ?? 0));
  const total = (hours * 60 + minutes) * 60 + seconds;
  if (total === 0) throw new CronExpressionError(`"${expression}" has no period`);
  return everySeconds(total);
};
