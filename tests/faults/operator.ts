import type { ObjectRef } from "../../shared/cloud/ports.ts";
import { findTaskOf, requestCancel, stopTask } from "../../shared/importing/cancel-import.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { isEnd } from "../../shared/ledger/job.ts";

/** What `oss-image-import cancel oss://bucket/key` does; its words for a terminal are left out. */
export async function cancelAsOperator(object: ObjectRef, deps: ImportDeps): Promise<void> {
  for (const job of await deps.ledger.jobsOf(object)) {
    if (isEnd(job.state)) continue;
    const asked = await findTaskOf(await requestCancel(job, "an operator asked for it", deps), deps);
    if (asked.state === "cancelling") await stopTask(asked, deps);
  }
}
