/**
 * The embedded Function Compute: runs the built functions of an s.yaml, each instance in a process of its own.
 *
 * An event of a trigger is accepted at once and handled asynchronously; nothing is kept over a restart. `onFailure`
 * destinations are not called: what they would have been sent is in `failures`.
 *
 * Gaps: see s-yaml.ts, bootstrap.ts, function-pool.ts, timer-schedule.ts and invoke-api.ts. CPU and disk are not
 * limited, memory only as far as Node.js limits its heap.
 */
import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import type { Faults } from "../wire/faults.ts";
import { type HttpService, startHttpService } from "../wire/http-service.ts";
import { type Failure, runAsyncInvocation } from "./async-invocations.ts";
import type { InvocationResult } from "./function-process.ts";
import { type HostedFunction, hostFunction, type InstanceOptions } from "./hosted-function.ts";
import { InvocationRefused } from "./invocation-refused.ts";
import { fcInternalError, handleInvokeApi } from "./invoke-api.ts";
import { type OssEventRecord, ossTriggerPayload, triggerMatches } from "./oss-trigger.ts";
import { type FunctionDefinition, readFunctions } from "./s-yaml.ts";
import { everySeconds, parseCronExpression, type TimerTrigger } from "./timer-schedule.ts";

export interface FcHostOptions extends Omit<InstanceOptions, "bootstrapPath"> {
  /** The clock that callers of the invoke API date and sign their requests by; `clock` when absent. */
  readonly signingClock?: Clock;
  readonly faults: Faults;
  readonly sYamlPath: string;
  /** What `${env('NAME')}` stands for in s.yaml; the environment of this process is never read. */
  readonly variables: Readonly<Record<string, string>>;
  /** The built bootstrap.ts. By default `dist/cli/fc-bootstrap.js` beside s.yaml. */
  readonly bootstrapPath?: string;
  /** The period of every timer trigger, instead of its own. */
  readonly tickSeconds?: number;
  /** False: timers fire through `fireTimer` only. */
  readonly automaticTimers?: boolean;
  /**
   * How OSS events arrive: one delay in milliseconds for each delivery. `[0]` is normal, `[0, 0]` twice, `[5000]` late,
   * `[]` lost.
   */
  deliveryDelays?(record: OssEventRecord): readonly number[];
  retryDelayInMilliseconds?(retry: number): number;
  onFailure?(failure: Failure): void;
}

interface InvocationRequest {
  readonly requestId?: string;
  /** Returned as soon as the event is queued, with an empty payload. */
  readonly async?: boolean;
}

export interface FcHost {
  readonly functions: readonly FunctionDefinition[];
  /** What the onFailure destinations were sent. */
  readonly failures: readonly Failure[];
  /** Opens the invoke API on 127.0.0.1 and starts the timers. Port 0 takes a free one. */
  listen(port: number): Promise<HttpService>;
  /** @throws InvocationRefused */
  invoke(functionName: string, payload: Buffer, request?: InvocationRequest): Promise<InvocationResult>;
  /** One record of an OSS event, as in the native event's `events`. Returns the number of invocations queued. */
  deliverOssEvent(record: OssEventRecord): number;
  /** Fires the timer triggers of this name, or all, now. Resolves when what they started has ended. */
  fireTimer(triggerName?: string): Promise<void>;
  /** Kills what is running an invocation of the function now. Returns the number of processes. */
  kill(functionName: string): number;
  /** Resolves when every queued event has been handled, late deliveries and repetitions included. */
  idle(): Promise<void>;
  /** Kills all instances, forgets what is queued and closes the port. */
  close(): Promise<void>;
}

const maximumSyncPayloadInBytes = 32 * 1024 * 1024;
const maximumAsyncPayloadInBytes = 128 * 1024;
/** setTimeout, behind a clock, takes no more than 24 days. */
const longestSleepInMilliseconds = 24 * 60 * 60 * 1000;

/** @throws SYamlError or CronExpressionError when s.yaml cannot be read, and when a function has not been built */
export const createFcHost = (options: FcHostOptions): FcHost => {
  const { clock, identities, accountId } = options;
  const folder = dirname(resolve(options.sYamlPath));
  const definitions = readFunctions(readFileSync(options.sYamlPath, "utf8"), folder, options.variables);
  const failures: Failure[] = [];
  const pending = new Set<Promise<unknown>>();
  const closing = new AbortController();
  // Every event that waits for its next try listens to it: many at once are no leak.
  setMaxListeners(0, closing.signal);
  let service: HttpService | undefined;

  const instances = { ...options, bootstrapPath: options.bootstrapPath ?? join(folder, "dist/cli/fc-bootstrap.js") };
  const hosted = new Map(definitions.map((definition) => [definition.name, hostFunction(definition, instances)]));

  /** Counts work that nobody waits for, so that `idle` can. */
  const track = (work: Promise<unknown>): void => {
    pending.add(work);
    void work.finally(() => pending.delete(work));
  };

  const run = ({ pool, message }: HostedFunction, requestId: string, payload: Buffer, retryCount: number) =>
    pool.invoke(() => message(requestId, payload, retryCount));

  const enqueue = (target: HostedFunction, payload: Buffer, requestId: string, delayInMilliseconds = 0) => {
    const { definition, arn: functionArn } = target;
    const work = async (): Promise<void> => {
      if (delayInMilliseconds > 0) await clock.sleep(delayInMilliseconds, closing.signal);
      if (closing.signal.aborted) return;
      const failure = await runAsyncInvocation({
        clock,
        definition,
        functionArn,
        requestId,
        payload,
        signal: closing.signal,
        retryDelayInMilliseconds: (retry) => options.retryDelayInMilliseconds?.(retry) ?? 1000 * 2 ** (retry - 1),
        invoke: (retryCount) => run(target, requestId, payload, retryCount),
      });
      if (failure === undefined) return;
      failures.push(failure);
      options.onFailure?.(failure);
    };
    const done = work();
    track(done);
    return done;
  };

  const fire = (target: HostedFunction, trigger: TimerTrigger, time: Date): Promise<void> => {
    const triggerTime = `${time.toISOString().slice(0, 19)}Z`;
    const event = { triggerTime, triggerName: trigger.name, payload: trigger.payload };
    return enqueue(target, Buffer.from(JSON.stringify(event)), randomUUID());
  };

  const timers = [...hosted.values()].flatMap((target) =>
    target.definition.timerTriggers.map((trigger) => ({
      target,
      trigger,
      schedule:
        options.tickSeconds === undefined
          ? parseCronExpression(trigger.cronExpression)
          : everySeconds(options.tickSeconds),
    })),
  );

  const runTimer = async ({ target, trigger, schedule }: (typeof timers)[number]): Promise<void> => {
    for (let due = schedule.next(clock.now()); due !== undefined && !closing.signal.aborted; ) {
      const wait = due.getTime() - clock.now().getTime();
      if (wait > 0) {
        await clock.sleep(Math.min(wait, longestSleepInMilliseconds), closing.signal);
        continue;
      }
      // Ticks may overlap, but no second one is queued behind one that still waits for an instance.
      if (target.pool.waiting() === 0) void fire(target, trigger, due);
      // Ticks that were missed, say while the machine slept, are not made up for.
      due = schedule.next(clock.now());
    }
  };

  return {
    functions: definitions,
    failures,
    listen: async (port) => {
      const { faults, signingClock = clock } = options;
      const api = {
        clock,
        signingClock,
        identities,
        nonces: new Map(),
        faults,
        accountId,
        functions: definitions,
        environment: options.environment ?? {},
        invoke,
      };
      service = await startHttpService({
        port,
        clock,
        handle: (request) => handleInvokeApi(request, api),
        internalError: fcInternalError,
      });
      if (options.automaticTimers ?? true) for (const timer of timers) void runTimer(timer);
      return service;
    },
    invoke,
    deliverOssEvent: (record) => {
      const matching = [...hosted.values()].flatMap((target) =>
        target.definition.ossTriggers.filter((trigger) => triggerMatches(trigger, record)).map(() => target),
      );
      const delays = options.deliveryDelays?.(record) ?? [0];
      const payload = ossTriggerPayload(record);
      for (const target of matching) for (const delay of delays) void enqueue(target, payload, randomUUID(), delay);
      return matching.length * delays.length;
    },
    fireTimer: async (triggerName) => {
      const chosen = timers.filter(({ trigger }) => triggerName === undefined || trigger.name === triggerName);
      await Promise.all(chosen.map(({ target, trigger }) => fire(target, trigger, clock.now())));
    },
    kill: (functionName) => hosted.get(functionName)?.pool.kill() ?? 0,
    idle: async () => {
      while (pending.size > 0) await Promise.all(pending);
    },
    close: async () => {
      closing.abort();
      await Promise.all([service?.close(), ...[...hosted.values()].map(({ pool }) => pool.close())]);
    },
  };

  async function invoke(
    functionName: string,
    payload: Buffer,
    request: InvocationRequest = {},
  ): Promise<InvocationResult> {
    const target = hosted.get(functionName);
    if (target === undefined) {
      throw new InvocationRefused(404, "FunctionNotFound", `function '${functionName}' does not exist`);
    }
    const limit = request.async === true ? maximumAsyncPayloadInBytes : maximumSyncPayloadInBytes;
    if (payload.length > limit) {
      throw new InvocationRefused(413, "RequestEntityTooLarge", `the payload is larger than ${limit} bytes`);
    }
    const requestId = request.requestId ?? randomUUID();
    if (request.async !== true) return run(target, requestId, payload, 0);
    void enqueue(target, payload, requestId);
    return {
      requestId,
      payload: Buffer.alloc(0),
      errorType: undefined,
      durationInMilliseconds: 0,
      peakMemoryInMiB: 0,
      logTail: "",
    };
  }
};
