/** What a tick does for an image that is available, until ECS has checked it. */
import { saidItsEnd } from "../../shared/importing/conclude.ts";
import { counted } from "../../shared/importing/counted.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds } from "../../shared/importing/import-deps.ts";
import { writeStatus } from "../../shared/importing/status-file.ts";
import { fieldsOf } from "../../shared/importing/step-log.ts";
import { finishInterrupted, isChecked } from "./interrupted-steps.ts";
import type { OpenJob } from "./open-jobs.ts";
import type { TickCount } from "./tick.ts";

/** ECS's image check takes minutes; after an hour its result is not waited for any more. */
const checkPatienceInSeconds = 3600;

/** `warned` of an index entry: what ECS found in its check was said. */
const saidItsCheck = 2;

/** An available image whose check by ECS has no result yet. */
export async function followCheck(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const record = await deps.ledger.record(entry.jobId, entry.sequence);
  // No record follows one that says `available`.
  if (!record?.result || !isChecked(record) || (entry.warned & saidItsEnd) === 0)
    return finishInterrupted(job, deps, now, record?.state === "available" ? record : undefined);
  const [image] = await deps.images.describeImages({ imageIds: [record.result.imageId] });
  const check = image?.check;
  if (!check?.finished && now - entry.since < checkPatienceInSeconds) return undefined;
  const items = check?.items ?? [];
  const risks = items
    .filter(({ riskCode }) => riskCode !== undefined)
    .map(
      ({ name, value, riskCode, riskLevel }) => `${name}: ${value} (${riskCode}${riskLevel ? `, ${riskLevel}` : ""})`,
    );
  if ((entry.warned & saidItsCheck) === 0) {
    const { key } = record.subject;
    const message = !check?.finished
      ? `ECS has not finished its check of the image of ${key} within an hour.`
      : risks.length > 0
        ? `ECS checked the image of ${key} and found ${counted(risks.length, "risk")}: ${risks.join("; ")}.`
        : `ECS checked the image of ${key} and found no risk in ${counted(items.length, "item")}.`;
    deps.log(risks.length > 0 ? "warn" : "info", "image.inspected", message, {
      ...fieldsOf(record),
      imageCheck: { finished: check?.finished ?? false, items: items.length, risks },
    });
  }
  await writeStatus({ ...record, result: { ...record.result, check: { risks, items: items.length } } }, deps);
  const due = entry.since + invocationLifetimeInMilliseconds / 1000;
  await deps.ledger.close(record, now >= due ? undefined : { ...entry, warned: saidItsEnd | saidItsCheck, due });
  return undefined;
}
