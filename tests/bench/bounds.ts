/** Rows whose measurement must keep within a bound. What could not be measured has not kept it. */
import { mebibytes, type Row } from "./table.ts";

const shown = (value: number): string => (Number.isFinite(value) ? String(Math.round(value * 100) / 100) : "missing");

export const exactly = (what: string, value: number, aim: number): Row => ({
  what,
  value: shown(value),
  aim: `= ${aim}`,
  met: value === aim,
});

export const atMost = (what: string, value: number, aim: number): Row => ({
  what,
  value: shown(value),
  aim: `≤ ${aim}`,
  met: value <= aim,
});

export const memoryAtMost = (what: string, valueInMiB: number, aimInMiB: number): Row => ({
  what,
  value: Number.isFinite(valueInMiB) ? mebibytes(valueInMiB) : "missing",
  aim: `≤ ${aimInMiB} MiB`,
  met: valueInMiB <= aimInMiB,
});
