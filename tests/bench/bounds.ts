/** Rows of what must be measured, and mostly keep within a bound. What is missing has kept none. */
import { mebibytes, type Row } from "./table.ts";

type Show = (value: number) => string;

export const rounded: Show = (value) => String(Math.round(value * 100) / 100);
const orMissing = (value: number, show: Show): string => (Number.isFinite(value) ? show(value) : "missing");

export const aSecond: Show = (value) => `${value.toFixed(1)} a second`;

/** Without a bound: as much as it is. */
export const reported = (what: string, value: number, show: Show): Row => ({
  what,
  value: orMissing(value, show),
  ...(Number.isFinite(value) ? {} : { met: false }),
});

export const exactly = (what: string, value: number, aim: number): Row => ({
  what,
  value: orMissing(value, rounded),
  aim: `= ${aim}`,
  met: value === aim,
});

export const atMost = (what: string, value: number, aim: number): Row => ({
  what,
  value: orMissing(value, rounded),
  aim: `≤ ${aim}`,
  met: value <= aim,
});

export const memoryAtMost = (what: string, valueInMiB: number, aimInMiB: number): Row => ({
  what,
  value: orMissing(valueInMiB, mebibytes),
  aim: `≤ ${aimInMiB} MiB`,
  met: valueInMiB <= aimInMiB,
});
