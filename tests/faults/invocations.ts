import type { Fault, Faults, RequestSeen } from "../../local/wire/faults.ts";
import type { Identities } from "../../local/wire/identities.ts";
import { alibabaCloud } from "../../shared/cloud/alibaba-cloud.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { checkStateBucket } from "../../shared/ledger/ledger.ts";
import type { Log } from "../../shared/log/log.ts";
import { assembledImportDeps } from "../../shared/runtime/import-deps-of.ts";
import { type Ending, startProcess } from "./mortal-process.ts";
import type { WorldOptions } from "./world.ts";
import type { WorldClock } from "./world-clock.ts";

/** Wide enough for a machine under load; a schedule with slow answers shortens it. */
const patientTimeoutInMilliseconds = 10_000;
export const shortTimeoutInMilliseconds = 250;

/** Far above what any schedule needs: reached, it shows that something is repeated for ever. */
const usualMostRequests = 5000;

const requestTimeInMilliseconds = 20;

export interface InvocationSetting {
  readonly options: WorldOptions;
  readonly clock: WorldClock;
  readonly identities: Identities;
  readonly accountId: string;
  readonly region: string;
  readonly imageBucket: string;
  readonly stateBucket: string;
  readonly ossEndpoint: string;
  readonly ecsEndpoint: string;
  readonly faults: Faults;
  /** Told of each request before a fault may befall it. */
  onRequest(request: RequestSeen): void;
  beforeCall(call: { readonly number: number; readonly method: string }): Promise<void>;
  readonly log: Log;
}

/** Runs the functions' code, each time as a process of its own with credentials of its own, whose requests may fail. */
export interface Invocations {
  run(requestId: string, timeoutInSeconds: number, work: (deps: ImportDeps) => Promise<void>): Promise<Ending>;
  newRequestId(): string;
  /** The requests of all so far. */
  requests(): number;
}

export function createInvocations(setting: InvocationSetting): Invocations {
  const { options, clock, identities, accountId, region, imageBucket, stateBucket, faults } = setting;
  const { ossEndpoint, ecsEndpoint } = setting;
  const processes = new Map<string, { kill(): void; expired: Fault | undefined }>();
  let requests = 0;
  let requestIds = 0;
  faults.plan = (request) => {
    const process = processes.get(request.accessKeyId ?? "");
    if (!process) return undefined;
    setting.onRequest(request);
    requests += 1;
    clock.advance(requestTimeInMilliseconds);
    if (requests > (options.mostRequests ?? usualMostRequests)) {
      process.kill();
      return { kind: "lost-answer" };
    }
    if (process.expired) return process.expired;
    return options.faultFor({
      request,
      number: requests,
      kill: process.kill,
      expire: () => {
        process.expired = { kind: "expired-credentials" };
      },
    });
  };
  return {
    requests: () => requests,
    newRequestId: () => {
      requestIds += 1;
      return `request-${requestIds}`;
    },
    run: async (requestId, timeoutInSeconds, work) => {
      const issued = identities.issueSession({
        roleName: "function",
        accountId,
        seconds: 1e9,
        now: clock.now(),
      });
      const { accessKeyId, accessKeySecret, securityToken = "" } = issued;
      const cloud = alibabaCloud({
        region,
        credentials: { accessKeyId, accessKeySecret, securityToken },
        ossEndpoint,
        ecsEndpoint,
        timeoutInMilliseconds: options.impatient ? shortTimeoutInMilliseconds : patientTimeoutInMilliseconds,
      });
      let calls = 0;
      const process = startProcess(cloud, clock.skewed(options.skew?.() ?? 0), async (method) => {
        calls += 1;
        await setting.beforeCall({ number: calls, method });
      });
      processes.set(accessKeyId, { kill: process.kill, expired: undefined });
      const deps = assembledImportDeps({
        cloud: process.cloud,
        region,
        imageBucket,
        stateBucket,
        claimant: requestId,
        deadline: new Date(process.clock.now().getTime() + (timeoutInSeconds - 5) * 1000),
        log: (...line) => {
          if (!process.isDead()) setting.log(...line);
        },
        clock: process.clock,
        random: options.random,
      });
      const ending = await process.run(async () => {
        await checkStateBucket(deps.objects, stateBucket);
        await work(deps);
      });
      processes.delete(accessKeyId);
      return ending;
    },
  };
}
