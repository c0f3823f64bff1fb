import { contradictions } from "./contradictions.ts";
import type { Problem } from "./problem.ts";
import type { ResolvedSettings } from "./settings.ts";

/** ImportImage takes 20 tags; four are for the record of the image's origin. */
const maxTags = 16;

/**
 * What cannot be said of one manifest alone: whether the settings of all layers go together. A problem that lies between
 * two settings names the places of both.
 */
export function checkResolved(resolved: ResolvedSettings): Problem[] {
  const { settings } = resolved;
  const problems = contradictions(settings).map(({ pointers, message, hint }) => {
    const places = pointers.map((pointer) => `${pointer.slice(1)}: ${placeOf(resolved, pointer)}`);
    return problemAt(resolved, pointers[1], `${message} (${places.join("; ")})`, hint);
  });
  const tagPointers = [...resolved.provenance.keys()].filter((pointer) => pointer.startsWith("/tags/"));
  const oneTooMany = tagPointers[maxTags];
  if (oneTooMany !== undefined) {
    const places = new Set(tagPointers.map((pointer) => placeOf(resolved, pointer).replace(/:\d+$/, "")));
    const message = `All layers together give ${tagPointers.length} tags; at most ${maxTags} are possible. (${[...places].join("; ")})`;
    problems.push(problemAt(resolved, oneTooMany, message, "Remove some."));
  }
  return problems;
}

/** A problem at the place where a resolved value was said. */
export function problemAt(resolved: ResolvedSettings, pointer: string, message: string, hint?: string): Problem {
  const { file, line, column } = resolved.provenance.get(pointer)?.position ?? {
    file: placeOf(resolved, pointer),
    line: 1,
    column: 1,
  };
  return { file, line, column, pointer, message, ...(hint === undefined ? {} : { hint }) };
}

function placeOf(resolved: ResolvedSettings, pointer: string): string {
  return resolved.provenance.get(pointer)?.place ?? "not said";
}
