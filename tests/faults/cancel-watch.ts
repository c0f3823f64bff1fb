import type { EcsServer } from "../../local/ecs/server.ts";
import type { RequestSeen } from "../../local/wire/faults.ts";
import { attemptTag } from "../../shared/importing/origin-tags.ts";
import type { JobRecord } from "../../shared/ledger/job.ts";
import type { Mirror } from "./mirror.ts";
import { hour } from "./scenario.ts";

/** Watches, while it goes on, that a cancellation does what it may and no more. */
export interface CancelWatch {
  /** A record was written. */
  recorded(record: JobRecord): void;
  /** A function or an operator asks something. */
  asked(request: RequestSeen): void;
  /** What was not as promised. With many faults it may take long until ECS hears of a cancellation. */
  violations(faults: number): readonly string[];
}

/** As long as an import in these worlds lasts, a cancellation that was written down has come through by then. */
const patienceInMilliseconds = hour;
const fewFaults = 10;

export function watchCancelling(mirror: Mirror, ecs: Pick<EcsServer, "snapshot">): CancelWatch {
  const trespasses: string[] = [];
  const available = new Set<string>();
  const isAvailable = ({ attempt }: JobRecord): boolean =>
    ecs
      .snapshot()
      .images.some(
        ({ Status, Tags }) =>
          Status === "Available" &&
          Tags.Tag.some(({ TagKey, TagValue }) => TagKey === attemptTag && TagValue === attempt?.token),
      );
  return {
    recorded: (record) => {
      if (record.state === "cancelling" && isAvailable(record)) available.add(record.jobId);
    },
    asked: ({ service, operation, parameters }) => {
      if (service !== "ecs" || operation.startsWith("Describe") || operation === "ImportImage") return;
      const taskId = parameters?.["TaskId"];
      const isGivenUp = [...mirror.jobs().values()].some((history) =>
        history.some(({ state, attempt }) => state === "cancelling" && attempt?.taskId === taskId),
      );
      if (operation !== "CancelTask" || !isGivenUp) trespasses.push(`${operation} of ${taskId} was asked of ECS`);
    },
    violations: (faults) => [
      ...trespasses,
      ...[...available]
        .filter(
          (jobId) =>
            !mirror
              .jobs()
              .get(jobId)
              ?.some(({ state }) => state === "available"),
        )
        .map((jobId) => `job ${jobId} was given up when its image was available, and does not say so`),
      ...(faults > fewFaults ? [] : [...mirror.jobs().values()].flatMap(inVain)),
    ],
  };
}

/** A cancellation that was written down long before the image came, and did not keep it from coming. */
function inVain(history: readonly JobRecord[]): readonly string[] {
  return history.flatMap(({ state, jobId, at }, index) => {
    const before = history[index - 1];
    if (state !== "available" || before?.state !== "cancelling") return [];
    const waited = Date.parse(at) - Date.parse(before.since ?? before.at);
    return waited > patienceInMilliseconds
      ? [`job ${jobId} was given up ${waited / 1000} s before its image came`]
      : [];
  });
}
