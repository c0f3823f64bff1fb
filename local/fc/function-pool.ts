/**
 * The instances of one function: started when an invocation finds none free, reused while warm, stopped when idle.
 *
 * Gaps: an invocation beyond the number of instances waits for a free one, where FC would answer 429.
 */
import { randomUUID } from "node:crypto";
import {
  exitResult,
  type FunctionProcess,
  type InvocationResult,
  type LogStream,
  startFunctionProcess,
} from "./function-process.ts";
import type { InvocationMessage } from "./invocation-message.ts";

export interface FunctionPoolOptions {
  readonly bootstrapPath: string;
  readonly codeFolder: string;
  readonly memoryInMiB: number;
  readonly timeoutInSeconds: number;
  readonly maximumInstances: number;
  /** FC reclaims an instance after some minutes without an invocation. */
  readonly idleInSeconds: number;
  /** The environment of a new instance. */
  environment(instanceId: string): Readonly<Record<string, string>>;
  onLine(text: string, stream: LogStream, requestId: string | undefined): void;
}

export interface FunctionPool {
  /** Never rejects. `prepare` is called when an instance is free: credentials are those of that moment. */
  invoke(prepare: () => InvocationMessage): Promise<InvocationResult>;
  /** How many invocations wait for an instance. */
  waiting(): number;
  /** Kills every process that is running an invocation now; the number of those. */
  kill(): number;
  /** Kills all instances; what waits for one ends as if its process had. */
  close(): Promise<void>;
}

interface Instance {
  readonly process: FunctionProcess;
  idleTimer: NodeJS.Timeout | undefined;
}

export const createFunctionPool = (options: FunctionPoolOptions): FunctionPool => {
  const instances = new Set<Instance>();
  const free: Instance[] = [];
  const busy = new Set<Instance>();
  const waiting: ((instance: Instance | undefined) => void)[] = [];
  let closed = false;

  const withdraw = (instance: Instance): void => {
    clearTimeout(instance.idleTimer);
    const index = free.indexOf(instance);
    if (index >= 0) free.splice(index, 1);
  };

  const start = (): Instance => {
    const instance: Instance = {
      idleTimer: undefined,
      process: startFunctionProcess({
        ...options,
        environment: options.environment(randomUUID()),
        onExit: () => {
          instances.delete(instance);
          withdraw(instance);
          serveWaiting();
        },
      }),
    };
    instances.add(instance);
    return instance;
  };

  /** A warm instance, or a new one if there may be one more. */
  const take = (): Instance | undefined => {
    const warm = free.pop();
    clearTimeout(warm?.idleTimer);
    return warm ?? (instances.size < options.maximumInstances ? start() : undefined);
  };

  const serveWaiting = (): void => {
    while (waiting.length > 0 && !closed) {
      const instance = take();
      if (instance === undefined) return;
      waiting.shift()?.(instance);
    }
  };

  const acquire = async (): Promise<Instance | undefined> =>
    closed ? undefined : (take() ?? new Promise((resolve) => waiting.push(resolve)));

  const release = (instance: Instance): void => {
    if (!instances.has(instance)) return;
    free.push(instance);
    instance.idleTimer = setTimeout(() => {
      withdraw(instance);
      instance.process.kill();
    }, options.idleInSeconds * 1000).unref();
    serveWaiting();
  };

  return {
    invoke: async (prepare) => {
      const instance = await acquire();
      const message = prepare();
      if (instance === undefined) return exitResult(message.requestId);
      busy.add(instance);
      const result = await instance.process.invoke(message);
      busy.delete(instance);
      // An exit is reported to the invocation before the instance is counted out.
      if (result.errorType === "FunctionTimeoutError" || result.errorType === "ProcessExitedUnexpectedly")
        await instance.process.exited;
      release(instance);
      return result;
    },
    waiting: () => waiting.length,
    kill: () => {
      const running = [...busy];
      for (const { process } of running) process.kill();
      return running.length;
    },
    close: async () => {
      closed = true;
      for (const next of waiting.splice(0)) next(undefined);
      const all = [...instances];
      for (const { process } of all) process.kill();
      await Promise.all(all.map(({ process }) => process.exited));
    },
  };
};
