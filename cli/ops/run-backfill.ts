import { systemClock } from "../../shared/clock.ts";
import type { ListedObject } from "../../shared/cloud/ports.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { jobIdOf } from "../../shared/ledger/job.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import { inParallel } from "../../shared/runtime/in-parallel.ts";
import type { ConnectionOptions } from "../connection.ts";
import { type ExitCode, exitCodes, type Output } from "../outcome.ts";
import { imagePrefixOf } from "./deployment.ts";
import { type Forecast, forecastOf, setOf } from "./forecast.ts";
import { bucketTarget, type Environment, logTo, openOperator, unlessUnreachable } from "./operator.ts";
import { exitCodeOf, type Replayed, replay } from "./run-replay.ts";

export interface BackfillCommand extends ConnectionOptions {
  readonly yes: boolean;
  readonly json: boolean;
  /** How many images are looked at at once. */
  readonly parallel: number;
}

interface Candidate {
  readonly key: string;
  /** What is delivered again to have it imported: the sidecar of a set that has a name of its own, else the image. */
  readonly deliver: string;
}

/**
 * Imports what lies in a bucket without ever having been seen: what was there before the functions were. Shows what it
 * would do; does it with `yes`. What has a job is left alone, so it can be stopped and run again at any time.
 */
export async function runBackfill(
  target: string,
  options: BackfillCommand,
  environment: Environment,
  output: Output,
): Promise<ExitCode> {
  const { bucket, prefix } = bucketTarget(target);
  const operator = await openOperator(options, environment, bucket);
  const { yes, json, parallel } = options;
  const candidates = await unlessUnreachable(async () =>
    // Listing a large bucket may take a while; each image then has time of its own.
    candidatesIn(prefix, parallel, await operator.deps(undefined, 3600)),
  );
  const watched = candidates.length > 0 ? await imagePrefixOf(operator, environment) : undefined;
  const isWatched = ({ key }: { readonly key: string }): boolean => watched === undefined || key.startsWith(watched);
  const remark = remarkOn(candidates.filter((candidate) => !isWatched(candidate)).length, watched ?? "");
  if (yes) {
    if (remark !== "") output.err(remark);
    const done: Replayed[] = [];
    await inParallel(candidates, parallel, async ({ deliver }) => {
      done.push(await replay(deliver, bucket, (log) => operator.deps(log), logTo(output)));
    });
    if (json) output.out(`${printableJson({ objects: done }, 2)}\n`);
    else output.out(donePage(target, done));
    return exitCodeOf(done);
  }
  const forecasts: { key: string; forecast: Forecast }[] = [];
  await unlessUnreachable(() =>
    inParallel(candidates, parallel, async ({ key }) => {
      const deps = await operator.deps();
      const facts = await deps.objects.stat({ bucket, key });
      if (facts) forecasts.push({ key, forecast: await forecastOf(key, facts, deps) });
    }),
  );
  forecasts.sort((a, b) => (a.key < b.key ? -1 : 1));
  if (json) {
    const objects = forecasts.map(({ key, forecast }) => ({
      bucket,
      key,
      ...forecast,
      ...(watched === undefined ? {} : { watched: isWatched({ key }) }),
    }));
    output.out(`${printableJson({ ...(watched === undefined ? {} : { imagePrefix: watched }), objects }, 2)}\n`);
  } else {
    output.out(page(target, forecasts));
    if (remark !== "") output.out(`${remark}\n`);
  }
  return exitCodes.good;
}

/** What lies where no upload is ever seen is imported all the same, since an operator asks for it by name. */
const remarkOn = (outside: number, prefix: string): string =>
  outside === 0
    ? ""
    : printable(
        `${outside} of them ${outside === 1 ? "does" : "do"} not begin with ${prefix}, and the functions watch nothing else (IMAGE_PREFIX): backfill takes such images in, but uploads there go unseen.`,
      );

async function candidatesIn(prefix: string, parallel: number, deps: ImportDeps): Promise<readonly Candidate[]> {
  const { bucket, region, ledger } = deps;
  const objects = await listAll(prefix, deps);
  const sidecars = objects.filter(({ key }) => objectKind(key).kind === "sidecar");
  const dataDisks = new Set<string>();
  const sets = new Map<string, string>();
  await inParallel(sidecars, parallel, async ({ key }) => {
    const { disks, systemDisk, sidecarOf } = await setOf(key, deps);
    for (const disk of disks) if (disk !== systemDisk) dataDisks.add(disk);
    if (systemDisk !== sidecarOf) sets.set(systemDisk, key);
  });
  const candidates: Candidate[] = [];
  const images = objects.filter(({ key }) => objectKind(key).kind === "image" && !dataDisks.has(key));
  await inParallel(images, parallel, async ({ key, etag }) => {
    if (await ledger.current(jobIdOf({ region, bucket, key, etag }))) return;
    candidates.push({ key, deliver: sets.get(key) ?? key });
  });
  return candidates.sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function listAll(prefix: string, { objects, bucket, patience }: ImportDeps): Promise<readonly ListedObject[]> {
  const found: ListedObject[] = [];
  let startAfter: string | undefined;
  do {
    const page = await objects.list(bucket, { prefix, ...(startAfter ? { startAfter } : {}) });
    found.push(...page.objects.filter(({ key }) => ["image", "sidecar"].includes(objectKind(key).kind)));
    startAfter = page.more ? page.objects.at(-1)?.key : undefined;
  } while (startAfter !== undefined && systemClock.now() < patience.deadline);
  return found;
}

const nothingLeft = (target: string): string => `${printable(`Every image in ${target} has a job already.`)}\n`;

/** How many came to what, in the words of the log. */
function donePage(target: string, done: readonly Replayed[]): string {
  if (done.length === 0) return nothingLeft(target);
  const counts = new Map<string, number>();
  for (const { event = "not asked" } of done) counts.set(event, (counts.get(event) ?? 0) + 1);
  const total = [...counts].map(([event, count]) => `${count} ${event}`).join(", ");
  const troubles = done.filter(({ event }) => event === undefined).map(({ message }) => `${printable(message)}\n`);
  return `${troubles.join("")}${done.length} ${done.length === 1 ? "image" : "images"} without a job: ${total}.\n`;
}

function page(target: string, forecasts: readonly { readonly key: string; readonly forecast: Forecast }[]): string {
  if (forecasts.length === 0) return nothingLeft(target);
  const lines = forecasts.map(({ key, forecast: { decision, imageName, reason } }) =>
    printable(`${decision.padEnd(6)}  ${key}  ${imageName ? `as ${imageName}` : reason}`),
  );
  const imports = forecasts.filter(({ forecast }) => forecast.decision === "import").length;
  return `${lines.join("\n")}\n\n${imports} of ${forecasts.length} would be imported. Nothing was done: say --yes to do it.\n`;
}
