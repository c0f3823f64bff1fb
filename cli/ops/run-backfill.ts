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
import { pastedAddress } from "../pasted-address.ts";
import { beside, displayWidth, lineWidth, padded, wrapped } from "../terminal-text.ts";
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
  const { images, candidates } = await unlessUnreachable(async () =>
    // Listing a large bucket may take a while; each image then has time of its own.
    candidatesIn(prefix, parallel, await operator.deps(undefined, 3600)),
  );
  const nothing =
    images === 0
      ? `There is no image in ${printable(target)}.\n`
      : `Every image in ${printable(target)} has a job already.\n`;
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
    else output.out(done.length === 0 ? nothing : donePage(done));
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
    output.out(forecasts.length === 0 ? nothing : page({ bucket, key: prefix }, forecasts, lineWidth(output)));
    if (remark !== "") output.out(`${wrapped(remark, lineWidth(output)).join("\n")}\n`);
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

interface Candidates {
  /** How many images there are, whether they have a job or not. */
  readonly images: number;
  readonly candidates: readonly Candidate[];
}

async function candidatesIn(prefix: string, parallel: number, deps: ImportDeps): Promise<Candidates> {
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
  return { images: images.length, candidates: candidates.sort((a, b) => (a.key < b.key ? -1 : 1)) };
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

/** How many came to what, in the words of the log. */
function donePage(done: readonly Replayed[]): string {
  const counts = new Map<string, number>();
  for (const { event = "not asked" } of done) counts.set(event, (counts.get(event) ?? 0) + 1);
  const total = [...counts].map(([event, count]) => `${count} ${event}`).join(", ");
  const troubles = done.filter(({ event }) => event === undefined).map(({ message }) => `${printable(message)}\n`);
  return `${troubles.join("")}${done.length} ${done.length === 1 ? "image" : "images"} without a job: ${total}.\n`;
}

/** One image a line, with what would become of it; a reason goes on below where the terminal is too narrow. */
function page(
  target: { readonly bucket: string; readonly key: string },
  forecasts: readonly { readonly key: string; readonly forecast: Forecast }[],
  width: number,
): string {
  const keyWidth = Math.min(widestKey, Math.max(...forecasts.map(({ key }) => displayWidth(printable(key)))));
  const lines = forecasts.flatMap(({ key, forecast: { decision, imageName, reason } }) =>
    beside(
      `${decision.padEnd(6)}  ${padded(printable(key), keyWidth)}  `,
      printable(imageName ? `as ${imageName}` : reason),
      width,
    ),
  );
  const imports = forecasts.filter(({ forecast }) => forecast.decision === "import").length;
  const counts = `${imports} of ${forecasts.length} would be imported. Nothing was done.`;
  const isWorthwhile = forecasts.some(({ forecast }) => forecast.decision !== "ignore");
  const verdict = isWorthwhile
    ? [...wrapped(`${counts} To do it:`, width), `      oss-image-import backfill ${pastedAddress(target)} --yes`]
    : wrapped(counts, width);
  return `${[...lines, "", ...verdict].join("\n")}\n`;
}

const widestKey = 44;
