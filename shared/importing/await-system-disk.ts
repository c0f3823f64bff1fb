/** A set of disks whose system disk has not come: a job of no version, which a tick looks after. */
import type { ObjectFacts } from "../cloud/ports.ts";
import { carriedOver, type JobSubject, jobIdOf } from "../ledger/job.ts";
import { conclude } from "./conclude.ts";
import type { consider } from "./consider.ts";
import type { ImportDeps } from "./import-deps.ts";
import type { ImageToImport } from "./import-object.ts";
import { duplicate, explainAbsence, wait, waitingAdvice } from "./not-imported.ts";
import { answered, isRepeated } from "./repeated-events.ts";

/**
 * The other disks of a set are there, and its system disk is not: a job of no version, so that the wait is seen, and ends
 * also when the event of what is missing is lost. Without any disk nothing waits, and a line says what is expected.
 */
export async function awaitSystemDisk(
  considered: Awaited<ReturnType<typeof consider>>,
  subject: JobSubject,
  triggerFacts: ObjectFacts | undefined,
  image: ImageToImport,
  deps: ImportDeps,
): Promise<void> {
  if (considered.kind !== "waiting" || !considered.disks?.length) return explainAbsence(considered, image, deps);
  const { waitingFor, reason, mark, sources } = considered;
  const current = await deps.ledger.current(jobIdOf(subject));
  if (current && isRepeated(current, image.occasion, sources)) return duplicate(current, answered(current), deps);
  const uploadedAt = triggerFacts?.lastModified.toISOString() ?? current?.uploadedAt ?? deps.clock.now().toISOString();
  const advice = waitingAdvice[waitingFor];
  await wait(
    { subject, uploadedAt, sources, state: "waiting", waitingFor, reason, advice, bucketManifest: mark },
    current,
    deps,
  );
}

/** The system disk that a job of no version waits for has come, and has a job of its own. */
export async function endAwaited({ region, bucket, key }: JobSubject, deps: ImportDeps): Promise<void> {
  const awaited = await deps.ledger.current(jobIdOf({ region, bucket, key, etag: "" }));
  if (awaited?.state !== "waiting") return;
  const reason = "it has come, and is looked at on its own";
  const made = await deps.ledger.append(awaited, { ...carriedOver(awaited), state: "cancelled", reason });
  // What was done with it is told by the line of its own job.
  if (made.done) await conclude(made.record, deps, awaited, "debug");
}
