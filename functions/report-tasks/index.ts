/** FC function 2: on a timer, tells where each import stands, and picks up what was interrupted. */
import { systemClock } from "../../shared/clock.ts";
import { alibabaCloud } from "../../shared/cloud/alibaba-cloud.ts";
import { jsonLog } from "../../shared/log/json-log.ts";
import { readFunctionConfig } from "../../shared/runtime/function-config.ts";
import { deadlineOf, type FunctionContext } from "../../shared/runtime/function-context.ts";
import { importDepsOf } from "../../shared/runtime/import-deps-of.ts";
import { environment, writeLine } from "../../shared/runtime/process-io.ts";
import { runTick } from "./tick.ts";

/** The event of the timer holds nothing that is needed. Throws after the summary when a job could not be looked after. */
export const handler = async (_event: Uint8Array, context: FunctionContext): Promise<string> => {
  const start = systemClock.now();
  const config = readFunctionConfig(environment());
  const { region, credentials, requestId } = context;
  const log = jsonLog({ clock: systemClock, level: config.logLevel, write: writeLine, always: { requestId } });
  const cloud = alibabaCloud({ region, credentials, ossEndpoint: config.ossEndpoint, ecsEndpoint: config.ecsEndpoint });
  const { deps, safety } = importDepsOf({
    cloud,
    region,
    imageBucket: config.imageBucket,
    stateBucket: config.stateBucket,
    claimant: requestId,
    deadline: deadlineOf(context, start),
    log,
  });
  await safety;
  const { summary, trouble } = await runTick(deps);
  const reason = trouble instanceof Error ? trouble.message : undefined;
  const seconds = Math.round((systemClock.now().getTime() - start.getTime()) / 1000);
  const level = trouble ? "error" : "info";
  const sentence = `${summary.open === 1 ? "1 job is" : `${summary.open} jobs are`} open: ${summary.progress} moved on, ${summary.available} became available, ${summary.failed} failed.`;
  log(level, "tick.summary", sentence, { region, ...summary, seconds, ...(reason ? { reason } : {}) });
  // A timer that swallows its errors looks healthy while nothing is reported.
  if (trouble) throw trouble;
  return JSON.stringify(summary);
};
