import { faultKinds } from "./fault-kinds.ts";
import { scenarioNamed, scenarios } from "./scenarios.ts";
import type { Schedule } from "./schedule.ts";

/** A schedule in one line, for a report and for `--schedule`: `plain upload; 7 killed after, 9 slow; seed 3; skew 60`. */
export function scheduleText({ scenario, faults, seed, skewInSeconds = 0 }: Schedule): string {
  const list = faults.map(({ at, kind }) => `${at} ${kind}`).join(", ");
  return `${scenario.name}; ${list}; seed ${seed}; skew ${skewInSeconds}`;
}

/** Reads what `scheduleText` wrote. Throws when it names something unknown. */
export function parseSchedule(text: string): Schedule {
  const [name = "", list = "", seed = "", skew = ""] = text.split(";").map((part) => part.trim());
  const scenario = scenarioNamed(name);
  if (!scenario)
    throw new Error(`There is no scenario ${name}; there are: ${scenarios.map((s) => s.name).join(" · ")}`);
  const faults = list.split(", ").flatMap((fault) => {
    const [, at, words] = /^(\d+) (.+)$/.exec(fault) ?? [];
    if (at === undefined) return [];
    const kind = faultKinds.find((known) => known === words);
    if (!kind) throw new Error(`There is no fault "${words}"; there are: ${faultKinds.join(" · ")}`);
    return [{ at: Number(at), kind }];
  });
  return { scenario, faults, seed: numberIn(seed), skewInSeconds: numberIn(skew) };
}

const numberIn = (text: string): number => Number(/\d+/.exec(text)?.[0] ?? 0);
