import { findTaskOf, requestCancel, stopTask } from "../../shared/importing/cancel-import.ts";
import { isEnd, type JobRecord } from "../../shared/ledger/job.ts";
import type { Log } from "../../shared/log/log.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import type { ConnectionOptions } from "../connection.ts";
import { type ExitCode, exitCodes, type Output } from "../outcome.ts";
import { pastedAddress } from "../pasted-address.ts";
import { lineWidth, wrapped } from "../terminal-text.ts";
import { setOf } from "./forecast.ts";
import { type Environment, logTo, objectTarget, openOperator, unlessUnreachable } from "./operator.ts";

interface CancelAnswer {
  readonly jobId: string;
  readonly state: string;
  readonly cancelled: boolean;
  readonly message: string;
}

/** Gives up the imports of an object that are under way. An image that is available stays. */
export async function runCancel(
  target: string,
  options: ConnectionOptions & { readonly json: boolean },
  environment: Environment,
  output: Output,
): Promise<ExitCode> {
  const object = objectTarget(target);
  const operator = await openOperator(options, environment, object.bucket);
  const { answers, latest, partOf } = await unlessUnreachable(async () => {
    const deps = await operator.deps(options.json ? logTo(output) : progressTo(output));
    const jobs = await deps.ledger.jobsOf(object);
    const open = jobs.filter(({ state }) => !isEnd(state));
    const made: CancelAnswer[] = [];
    for (const job of open) {
      const asked = await findTaskOf(await requestCancel(job, "an operator asked for it", deps), deps);
      made.push({ jobId: job.jobId, ...(await outcomeOf(asked, () => stopTask(asked, deps))) });
    }
    // A sidecar and a data disk have no import of their own.
    const partOf = jobs.length === 0 ? (await setOf(object.key, deps)).systemDisk : object.key;
    return { answers: made, latest: jobs.findLast(({ subject }) => subject.etag !== "") ?? jobs.at(-1), partOf };
  });
  const none = answers.length === 0 ? { message: nothingToCancel(target, latest) } : undefined;
  const whole = none && partOf !== object.key ? { partOf } : undefined;
  const say = ({ message }: { readonly message: string }): void =>
    output.out(`${wrapped(printable(message), lineWidth(output)).join("\n")}\n`);
  if (options.json) output.out(`${printableJson({ ...object, jobs: answers, ...none, ...whole }, 2)}\n`);
  else (none ? [none] : answers).forEach(say);
  if (whole && !options.json) {
    say({ message: `It is part of the import of ${partOf}. To give that up:` });
    output.out(`      oss-image-import cancel ${pastedAddress({ ...object, key: partOf })}\n`);
  }
  return answers.length > 0 && answers.every(({ cancelled }) => cancelled) ? exitCodes.good : exitCodes.no;
}

/** That it is cancelled is the answer itself. */
const progressTo = (output: Output): Log => {
  const log = logTo(output);
  return (level, event, message, fields) => {
    if (event !== "import.cancelled") log(level, event, message, fields);
  };
};

function nothingToCancel(target: string, latest: JobRecord | undefined): string {
  if (latest?.state === "available")
    return `${target} is available as ${latest.result?.imageName} (${latest.result?.imageId}), and stays: an image is never taken back.`;
  return `No import of ${target} is under way${latest ? `: the last one is ${latest.state}` : ""}.`;
}

async function outcomeOf(
  { state, subject: { key } }: JobRecord,
  stop: () => ReturnType<typeof stopTask>,
): Promise<Omit<CancelAnswer, "jobId">> {
  if (state === "cancelled") return { state, cancelled: true, message: `The import of ${key} is cancelled.` };
  if (state !== "cancelling")
    return { state, cancelled: false, message: `The import of ${key} has ended: it is ${state}.` };
  const stopped = await stop();
  switch (stopped.kind) {
    case "accepted":
      return {
        state,
        cancelled: true,
        message: `ECS stops the import of ${key} (task ${stopped.taskId}). The report function writes down its end.`,
      };
    case "not-found":
      return {
        state,
        cancelled: true,
        message: `ECS does not show the import of ${key} yet. The report function stops it as soon as it does.`,
      };
    case "refused":
      return {
        state,
        cancelled: false,
        message: `ECS does not stop task ${stopped.taskId} of ${key}: ${stopped.code}, ${stopped.message} The report function writes down what became of it; an image that is available stays.`,
      };
  }
}
