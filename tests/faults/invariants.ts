import { statusOf } from "../../shared/importing/status-file.ts";
import { isEnd, type JobRecord } from "../../shared/ledger/job.ts";
import { hour, type Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

export interface Verdict {
  /** What was promised and is not so, each in a sentence. */
  readonly violations: readonly string[];
  /** Objects that ended neither as an image nor as a reason. */
  readonly lost: number;
  /** Images too many. */
  readonly doubled: number;
}

const requestsPerFault = 60;

/** Fewer faults than these make neither FC nor a person give up. */
const deliveriesOfEvent = 4;

/** Compares a world in which nothing moves any more with what was promised. Passes a day in it. */
export function judge(
  world: World,
  scenario: Scenario,
  bounds: { readonly faults: number; readonly usual: number; readonly requests: number },
): Verdict {
  // What ECS is still at work on, and nobody looks at any more, comes to light.
  world.clock.advance(24 * hour);
  const violations: string[] = [...world.mirror.violations, ...world.cancelWatch.violations(bounds.faults)];
  const { images } = world.ecs.snapshot();
  const jobs = [...world.mirror.jobs().values()];
  const ends = jobs.flatMap((history) => history.at(-1) ?? []);

  const doubled = countDoubled(images.map((image) => ({ name: image.ImageName, tags: image.Tags.Tag })));
  if (doubled > 0) violations.push(`${doubled} images were imported twice`);
  if (images.length < scenario.images.least || images.length > scenario.images.most)
    violations.push(`there are ${images.length} images`);

  for (const image of images) {
    const known = jobs.some((history) => history.some(({ attempt }) => attempt?.imageId === image.ImageId));
    if (!known) violations.push(`the image ${image.ImageId} has no job`);
    if (
      image.Status === "Available" &&
      !ends.some(({ state, result }) => state === "available" && result?.imageId === image.ImageId)
    )
      violations.push(`the image ${image.ImageId} is available, and its job does not say so`);
  }
  const isWaiting = ({ state, subject }: JobRecord): boolean =>
    state === "waiting" && scenario.waits?.keys.includes(subject.key) === true;
  for (const { jobId, state, reason } of ends.filter((record) => !isEnd(record.state) && !isWaiting(record)))
    violations.push(`job ${jobId} has not ended: ${state}${reason ? ` (${reason})` : ""}`);
  for (const { attempt, state } of ends.filter((record) => record.state === "available")) {
    const image = images.find(({ ImageId }) => ImageId === attempt?.imageId);
    if (image?.Status !== "Available") violations.push(`a job is ${state}, but its image is ${image?.Status}`);
  }

  const lostKeys = scenario.mustBeAvailable.filter(
    (key) => !ends.some(({ subject, state }) => subject.key === key && state === "available"),
  );
  for (const key of lostKeys) {
    const states = ends.filter(({ subject }) => subject.key === key).map(({ state, reason }) => `${state}: ${reason}`);
    violations.push(`${key} has no image; its jobs are [${states.join("; ")}]`);
  }

  const missed = bounds.faults < deliveriesOfEvent ? unusualEnds(scenario, ends) : [];
  violations.push(...missed, ...statusFaults(world, ends), ...logFaults(world, jobs));
  const waiting = ends.filter(isWaiting).map(({ jobId }) => `open/${jobId}/`);
  const left = world.mirror.openKeys().filter((key) => !waiting.some((folder) => key.startsWith(folder)));
  if (left.length > 0) violations.push(`the index still has ${left.join(", ")}`);
  if (waiting.length < (scenario.waits?.keys.length ?? 0)) violations.push("nothing waits");
  const most = bounds.usual * 2 + bounds.faults * requestsPerFault + 150;
  if (bounds.requests > most) violations.push(`${bounds.requests} requests were made, more than ${most}`);
  return { violations, lost: lostKeys.length + missed.length, doubled };
}

function unusualEnds({ usually = {} }: Scenario, ends: readonly JobRecord[]): readonly string[] {
  return Object.entries(usually).flatMap(([key, end]) => {
    const states = ends.filter(({ subject }) => subject.key === key).map(({ state }) => state);
    const isGood =
      end === "available" ? states.includes(end) : states.length > 0 && states.every((state) => state === end);
    return isGood ? [] : [`${key} should end as ${end}; its jobs are [${states.join("; ")}]`];
  });
}

/** Images of the same object version under the same name, but for the suffix that a taken default name gets. */
function countDoubled(
  images: readonly { name: string; tags: readonly { TagKey: string; TagValue: string }[] }[],
): number {
  const kinds = images.map(({ name, tags }) => {
    const job = tags.find(({ TagKey }) => TagKey === "oss-image-import:job")?.TagValue ?? "";
    return `${job} ${name.replace(new RegExp(`-${job.slice(0, 8)}$`), "")}`;
  });
  return kinds.length - new Set(kinds).size;
}

function statusFaults(world: World, ends: readonly JobRecord[]): readonly string[] {
  const faults: string[] = [];
  for (const key of new Set(ends.map(({ subject }) => subject.key))) {
    const shown = world.mirror.status(key);
    const records = ends.filter(({ subject }) => subject.key === key);
    if (!records.some((record) => agrees(shown, record)))
      faults.push(
        `the status file of ${key} says ${shown?.["state"]} at ${shown?.["updatedAt"]}, the ledger ${records.map(({ state, at }) => `${state} at ${at}`).join(" and ")}`,
      );
  }
  return faults;
}

/** While a job waits, its record is renewed by the hour; the file may be the one of the review before. */
function agrees(shown: Readonly<Record<string, unknown>> | undefined, record: JobRecord): boolean {
  const expected = statusOf(record);
  const updatedAt = record.state === "waiting" ? shown?.["updatedAt"] : expected["updatedAt"];
  return JSON.stringify(shown) === JSON.stringify({ ...expected, updatedAt });
}

const endEvents: Readonly<Record<string, readonly string[]>> = {
  available: ["import.available"],
  failed: ["import.failed"],
  cancelled: ["import.cancelled"],
  rejected: ["image.rejected", "manifest.invalid"],
};

function logFaults({ handled, lines }: World, jobs: readonly (readonly JobRecord[])[]): readonly string[] {
  const unsaid = [...new Set(handled.map(({ key }) => key))].filter(
    (key) => !lines.some(({ fields }) => [fields.key, fields["trigger"], fields["image"]].includes(key)),
  );
  const silentEnds = jobs.flatMap((history) => {
    const last = history.at(-1);
    const events = last && endEvents[last.state];
    if (!last || !events) return [];
    return lines.some(({ event, fields }) => events.includes(event) && fields.jobId === last.jobId) ? [] : [last];
  });
  const parked = jobs.flatMap((history) => history.filter(({ state }) => state === "parked").slice(0, 1));
  const unreported = parked.filter(
    ({ jobId }) =>
      !lines.some(
        ({ event, level, fields }) => event === "import.parked" && level === "warn" && fields.jobId === jobId,
      ),
  );
  return [
    ...unsaid.map((key) => `no line speaks of ${key}`),
    ...silentEnds.map(({ jobId, state }) => `no line says that job ${jobId} is ${state}`),
    ...unreported.map(({ jobId }) => `no warning says that job ${jobId} is parked`),
  ];
}
