import { isDeepStrictEqual } from "node:util";
import { statusKeyOf, statusOf } from "../../../../shared/importing/status-file.ts";
import { isEnd, type JobRecord } from "../../../../shared/ledger/job.ts";
import type { MemoryImport } from "../memory-ecs.ts";
import type { ToldStory } from "./story.ts";
import { bucket, type World } from "./world.ts";

/** What is left when nothing moves any more. */
interface Outcome extends ToldStory {
  /** All records of each job, oldest first, and the last ones. */
  readonly jobs: readonly (readonly JobRecord[])[];
  readonly ends: readonly JobRecord[];
}

type Promised = (outcome: Outcome) => readonly string[] | Promise<readonly string[]>;

/** What was promised and is not so, each in a sentence. */
export async function broken(told: ToldStory): Promise<readonly string[]> {
  const { ledger, surprises } = told.world;
  const { ids } = await ledger.jobIds(undefined);
  const jobs = await Promise.all(ids.map((id) => ledger.history(id)));
  const outcome = { ...told, jobs, ends: jobs.flatMap((records) => records.at(-1) ?? []) };
  return [surprises, ...(await Promise.all(promises.map((promised) => promised(outcome))))].flat();
}

/** What an import asks for, but for what differs between any two attempts, and the name that no manifest gave. */
const asked = ({ request: { ClientToken: _, ImageName, Tag, ...settings }, etags }: MemoryImport) => ({
  ...settings,
  ...(/^(web|data)-\d{14}/.test(ImageName) ? {} : { ImageName }),
  tags: Tag.filter(({ Key }) => !/:(attempt|job)$/.test(Key)),
  etags,
});

const nothingIsImportedTwice: Promised = ({ world }) =>
  world.ecs.imports.flatMap((begun) =>
    begun.beside
      .filter((other) => isDeepStrictEqual(asked(other), asked(begun)))
      .map(({ imageId }) => `${begun.imageId} asks for what ${imageId} was asked for already`),
  );

/** Records of the attempt that an import was begun with. */
const recordsOf = ({ request }: MemoryImport, { jobs }: Outcome): readonly JobRecord[] =>
  jobs.flat().filter(({ attempt }) => attempt?.token === request.ClientToken);

/** A replay makes another image wherever the bucket manifest has changed, and a person asked for it. */
const isReplayed = (decided: JobRecord | undefined): boolean =>
  decided?.attempt?.claimant.startsWith("operator") === true;

const onlySomethingNewMakesAnotherImage: Promised = (outcome) =>
  outcome.world.ecs.imports.flatMap((begun) => {
    const [decided] = recordsOf(begun, outcome);
    return begun.beside.flatMap((other) => {
      const [earlier] = recordsOf(other, outcome);
      // Of variants it is not known which sidecar led to them once the bucket manifest is another: each of them may be.
      if (earlier?.subject.variant !== undefined || isReplayed(decided) || isReplayed(earlier)) return [];
      return decided?.sources && isDeepStrictEqual(earlier?.sources, decided.sources)
        ? [`${begun.imageId} was begun by the same objects as ${other.imageId}`]
        : [];
    });
  });

const imagesAndJobsAgree: Promised = ({ world, ends }) => {
  const made = world.ecs.imports.flatMap(({ status, imageId }) => (status === "Finished" ? [imageId] : []));
  const told = ends.flatMap(({ state, result }) => (state === "available" && result ? [result.imageId] : []));
  return isDeepStrictEqual(made.sort(), told.sort()) ? [] : [`ECS has made ${made}, and the jobs say ${told}`];
};

const jobsEnd: Promised = async ({ ends, world }) => {
  const waiting = ends.filter(({ state }) => state === "waiting");
  const open = (await world.ledger.openJobs(undefined)).entries.map(({ jobId }) => jobId).sort();
  const expected = waiting.map(({ jobId }) => jobId).sort();
  const facts = await Promise.all(waiting.map(({ subject }) => world.objects.stat(subject)));
  return [
    ...ends
      .filter(({ state }) => !isEnd(state) && state !== "waiting")
      .map(({ subject, state, reason }) => `the job of ${subject.key} has not ended: ${state} ${reason}`),
    ...waiting
      .filter(({ subject }, index) => (facts[index]?.etag ?? "") !== subject.etag)
      .map(({ subject }) => `the job of ${subject.key} waits, though it was replaced`),
    ...(isDeepStrictEqual(open, expected) ? [] : [`the index has ${open}, and there wait ${expected}`]),
  ];
};

const availableIsFinal: Promised = ({ jobs }) =>
  jobs
    .filter((records) => records.slice(0, -1).some(({ state }) => state === "available"))
    .map(([first]) => `a job of ${first?.subject.key} went on after its image was available`);

const tokensAreOfOneAttempt: Promised = ({ jobs }) => {
  const attemptOf = new Map<string, string>();
  return jobs.flat().flatMap(({ jobId, attempt }) => {
    if (!attempt) return [];
    const named = `${jobId} ${attempt.number}`;
    const earlier = attemptOf.get(attempt.token) ?? named;
    attemptOf.set(attempt.token, named);
    return earlier === named ? [] : [`the attempts ${earlier} and ${named} have one token`];
  });
};

/** What the last upload of an object led to was said of the set that it is a data disk of: it has no job of its own. */
const isLeftToItsSet = (key: string, { lines }: World): boolean => {
  const last = lines.findLast(
    ({ claimant, event, fields }) =>
      !claimant.startsWith("tick") && event !== "object.ignored" && [fields.key, fields["trigger"]].includes(key),
  );
  return last !== undefined && (last.fields["image"] ?? last.fields.key) !== key;
};

const statusFilesAreTrue: Promised = async ({ ends, world, trigger }) => {
  const faults = [...new Set(ends.map(({ subject }) => subject.key))].map(async (key) => {
    const facts = await world.objects.stat({ bucket, key });
    const jobs = ends.filter(({ subject }) => subject.key === key);
    const present = jobs.filter(({ subject }) => subject.etag === facts?.etag);
    // Nobody heard that earlier bytes came back: the file speaks of those between, whose end is not told then.
    if ((present.length > 0 ? present : jobs).some(({ subject }) => trigger.unheard.has(`${key} ${subject.etag}`)))
      return [];
    // Nor where they came back as a disk of a set: their event is about the set.
    if (present.length > 0 && isLeftToItsSet(key, world)) return [];
    const told = present.length > 0 ? present : jobs;
    const file = await world.objects.read({ bucket, key: statusKeyOf(key) ?? "" }, 100_000);
    const shown = withoutTime(file?.body.toString() ?? "");
    if (told.some((job) => shown === withoutTime(JSON.stringify(statusOf(job), null, 2)))) return [];
    return [
      `the status file of ${key} is ${shown}, and its jobs are ${told.map(({ state, jobId }) => [state, jobId])}`,
    ];
  });
  return (await Promise.all(faults)).flat();
};

/** A job that waits is reviewed by the hour, and its file need not be written again. */
const withoutTime = (status: string): string => status.trim().replace(/"updatedAt": .*/, "");

const endEvent = /\.(available|failed|cancelled|rejected|invalid)$/;

const linesAreSaid: Promised = ({ ends, world, trigger }) => [
  ...ends
    .filter(({ state }) => isEnd(state))
    .filter(({ jobId }) => !world.lines.some(({ event, fields }) => endEvent.test(event) && fields.jobId === jobId))
    .map(({ subject, state }) => `no line says that the job of ${subject.key} is ${state}`),
  ...[...trigger.handled]
    .filter((key) => !world.lines.some(({ fields }) => [fields.key, fields["trigger"], fields["image"]].includes(key)))
    .map((key) => `no line speaks of ${key}`),
];

/** Of a data disk nothing need become: its sidecar may have gone before the system disk came. */
const theImageIsNotLost: Promised = async ({ world, trigger }) => {
  const image = { bucket, key: "web.raw" };
  const etag = (await world.objects.stat(image))?.etag;
  if (etag === undefined || trigger.unheard.has(`${image.key} ${etag}`)) return [];
  const jobs = await world.ledger.jobsOf(image);
  if (isLeftToItsSet(image.key, world)) return [];
  const isTaken = jobs.some(({ subject, attempt }) => subject.etag === etag || attempt?.diskEtags.includes(etag));
  return isTaken ? [] : [`nothing became of ${image.key}`];
};

const promises: readonly Promised[] = [
  nothingIsImportedTwice,
  onlySomethingNewMakesAnotherImage,
  imagesAndJobsAgree,
  jobsEnd,
  availableIsFinal,
  tokensAreOfOneAttempt,
  statusFilesAreTrue,
  linesAreSaid,
  theImageIsNotLost,
];
