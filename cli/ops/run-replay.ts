import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { importRouted } from "../../shared/importing/route-object.ts";
import type { Log, LogEvent } from "../../shared/log/log.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import type { ConnectionOptions } from "../connection.ts";
import { type ExitCode, exitCodes, type Output } from "../outcome.ts";
import { beside, lineWidth, wrapped } from "../terminal-text.ts";
import { type Environment, logTo, objectTarget, openOperator, troubleOf } from "./operator.ts";

/** What came of looking at one object again, in the words of the function's own log. */
export interface Replayed {
  readonly bucket: string;
  readonly key: string;
  /** The last log event about it; undefined when the cloud could not be asked. */
  readonly event: LogEvent | undefined;
  readonly message: string;
  readonly advice?: string;
  readonly imageId?: string;
}

/** Events that leave an object without an image, for now or for good. */
const noes: ReadonlySet<LogEvent | undefined> = new Set<LogEvent | undefined>([
  "image.rejected",
  "manifest.invalid",
  "import.failed",
  "import.parked",
  "object.gone",
]);

/** The event that decides what happened to an object; what is only reported on the way does not. */
const isOutcome = (event: LogEvent): boolean => event !== "image.inspected";

/** What is reported on the way: the outcome is the answer itself. */
const progressTo = (output: Output): Log => {
  const log = logTo(output);
  return (level, event, message, fields) => {
    if (!isOutcome(event)) log(level, event, message, fields);
  };
};

/**
 * Delivers objects again: from this machine, with the operator's rights, by the functions' own code. Whatever ended in
 * anything but an image is considered anew, and what is parked is tried at once.
 */
export async function runReplay(
  targets: readonly string[],
  options: ConnectionOptions & { readonly json: boolean },
  environment: Environment,
  output: Output,
): Promise<ExitCode> {
  const objects = targets.map(objectTarget);
  const replayed: Replayed[] = [];
  for (const { bucket, key } of objects) {
    const operator = await openOperator(options, environment, bucket);
    const log = options.json ? logTo(output) : progressTo(output);
    replayed.push(await replay(key, bucket, (listening) => operator.deps(listening), log));
  }
  if (options.json) output.out(`${printableJson({ objects: replayed }, 2)}\n`);
  else
    for (const { message, advice } of replayed) {
      const lines = [
        ...wrapped(printable(message), lineWidth(output)),
        ...(advice ? beside("  → ", printable(advice), lineWidth(output)) : []),
      ];
      output.out(`${lines.join("\n")}\n`);
    }
  return exitCodeOf(replayed);
}

/** Looks at one object again; never rejects for the cloud's sake. */
export async function replay(
  key: string,
  bucket: string,
  open: (log: Log) => Promise<ImportDeps>,
  log: Log,
): Promise<Replayed> {
  const kind = objectKind(key);
  if (kind.kind !== "image" && kind.kind !== "sidecar") {
    const reason = kind.kind === "other" ? kind.reason : "it is neither an image nor a sidecar";
    const advice = kind.kind === "other" ? { advice: kind.advice } : {};
    return { bucket, key, event: "object.ignored", message: `${key} is ignored: ${reason}.`, ...advice };
  }
  let last: Replayed = { bucket, key, event: undefined, message: `Nothing was said about ${key}.` };
  const listening: Log = (level, event, message, fields = {}) => {
    if (isOutcome(event))
      last = {
        bucket,
        key,
        event,
        // Whether it ever was is not known: its name may be mistyped.
        message: event === "object.gone" ? `There is no object oss://${bucket}/${key}.` : message,
        ...(fields.advice ? { advice: fields.advice } : {}),
        ...(fields.imageId ? { imageId: fields.imageId } : {}),
      };
    log(level, event, message, fields);
  };
  try {
    await importRouted(key, "replay", await open(listening));
    return last;
  } catch (error) {
    return { bucket, key, event: undefined, message: `${key}: ${troubleOf(error)}` };
  }
}

export function exitCodeOf(replayed: readonly Replayed[]): ExitCode {
  if (replayed.some(({ event }) => event === undefined)) return exitCodes.unasked;
  return replayed.some(({ event }) => noes.has(event)) ? exitCodes.no : exitCodes.good;
}
