/**
 * One instance of a function: a Node.js process that answers one invocation at a time.
 *
 * Durations and timeouts are the machine's own time, whatever clock the embedded cloud has: a process cannot be made
 * to run faster.
 */
import { spawn } from "node:child_process";
import type { FunctionFailure, InvocationAnswer, InvocationMessage } from "./invocation-message.ts";
import { createLineSplitter } from "./line-splitter.ts";

export type LogStream = "stdout" | "stderr";

/** How FC names the ways in which an invocation can fail, in the header `x-fc-error-type`. */
export type FcErrorType =
  | "HandledInvocationError"
  | "UnhandledInvocationError"
  | "FunctionTimeoutError"
  | "ProcessExitedUnexpectedly";

export interface InvocationResult {
  readonly requestId: string;
  /** What the function returned, or FC's error object as JSON. */
  readonly payload: Buffer;
  readonly errorType: FcErrorType | undefined;
  readonly durationInMilliseconds: number;
  readonly peakMemoryInMiB: number;
  /** The end of the invocation's log, 4 KB at most: what FC gives for `x-fc-log-type: Tail`. */
  readonly logTail: string;
}

export interface FunctionProcessOptions {
  readonly bootstrapPath: string;
  readonly codeFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryInMiB: number;
  readonly timeoutInSeconds: number;
  onLine(text: string, stream: LogStream, requestId: string | undefined): void;
  /** Called once, when the process has ended for whatever reason. */
  onExit(): void;
}

export interface FunctionProcess {
  /** Never rejects: every way to fail is a result. One call at a time. */
  invoke(message: InvocationMessage): Promise<InvocationResult>;
  /** Ends the process at once; an invocation that runs in it fails as FC reports an exit. */
  kill(): void;
  readonly exited: Promise<void>;
}

const logTailInCharacters = 4096;
const bytesInMiB = 1024 * 1024;

const exitMessage = (milliseconds: number): string =>
  `Process exited unexpectedly before completing request (duration: ${Math.round(milliseconds)}ms, maxMemoryUsage: 0MB)`;

/** The result of an invocation that no process took. */
export const exitResult = (requestId: string): InvocationResult => ({
  requestId,
  payload: Buffer.from(JSON.stringify({ errorMessage: exitMessage(0) })),
  errorType: "ProcessExitedUnexpectedly",
  durationInMilliseconds: 0,
  peakMemoryInMiB: 0,
  logTail: "",
});

interface Running {
  readonly requestId: string;
  readonly startedAt: number;
  readonly log: string[];
  readonly timer: NodeJS.Timeout;
  readonly finish: (result: InvocationResult) => void;
  /** The answer, and the marks at the end of both streams: an invocation is over when all three are here. */
  answer: InvocationAnswer | undefined;
  streamsAtEnd: number;
  timedOut: boolean;
}

export const startFunctionProcess = (options: FunctionProcessOptions): FunctionProcess => {
  const child = spawn(
    process.execPath,
    // A hint only: FC limits the whole process, this its JavaScript heap.
    [`--max-old-space-size=${options.memoryInMiB}`, options.bootstrapPath],
    {
      cwd: options.codeFolder,
      env: { ...options.environment },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "advanced",
    },
  );
  let running: Running | undefined;
  let ended = false;

  const finish = (payload: Buffer, errorType: FcErrorType | undefined, peakMemoryInMiB: number): void => {
    if (running === undefined) return;
    const { requestId, startedAt, log, timer, finish: resolve } = running;
    running = undefined;
    clearTimeout(timer);
    const durationInMilliseconds = performance.now() - startedAt;
    const logTail = log.join("\n").slice(-logTailInCharacters);
    resolve({ requestId, payload, errorType, durationInMilliseconds, peakMemoryInMiB, logTail });
  };

  const fail = (errorType: FcErrorType, failure: FunctionFailure, peakMemoryInMiB = 0): void =>
    finish(Buffer.from(JSON.stringify(failure)), errorType, peakMemoryInMiB);

  const finishWhenComplete = (): void => {
    if (running?.answer === undefined || running.streamsAtEnd < 2) return;
    const { answer } = running;
    const peakMemoryInMiB = answer.peakMemoryInBytes / bytesInMiB;
    if ("payload" in answer) finish(Buffer.from(answer.payload), undefined, peakMemoryInMiB);
    else {
      const errorType = answer.handled ? "HandledInvocationError" : "UnhandledInvocationError";
      fail(errorType, answer.failure, peakMemoryInMiB);
    }
  };

  const onLine = (text: string, stream: LogStream): void => {
    const atEnd = running !== undefined && text.startsWith(`FC Invoke End RequestId: ${running.requestId}`);
    // The mark is in both streams, for the host; the log has it once.
    if (!(atEnd && stream === "stderr")) {
      running?.log.push(text);
      options.onLine(text, stream, running?.requestId);
    }
    if (atEnd && running !== undefined) running.streamsAtEnd += 1;
    finishWhenComplete();
  };

  const streams = (["stdout", "stderr"] as const).map((name) => {
    const splitter = createLineSplitter((line) => onLine(line, name));
    child[name]?.setEncoding("utf8").on("data", (piece: string) => splitter.write(piece));
    return splitter;
  });
  child.on("message", (answer: InvocationAnswer) => {
    if (running === undefined || answer.requestId !== running.requestId) return;
    running.answer = answer;
    finishWhenComplete();
  });
  const exited = new Promise<void>((resolve) => {
    const onEnd = (): void => {
      ended = true;
      for (const splitter of streams) splitter.end();
      if (running?.timedOut === true) {
        const text = `Function timed out after ${options.timeoutInSeconds} seconds`;
        options.onLine(text, "stderr", running.requestId);
        fail("FunctionTimeoutError", { errorMessage: text });
      } else if (running !== undefined) {
        fail("ProcessExitedUnexpectedly", { errorMessage: exitMessage(performance.now() - running.startedAt) });
      }
      options.onExit();
      resolve();
    };
    // `close` comes after both streams were read to their ends; `error` instead of it when nothing could be started.
    child.once("close", onEnd);
    child.once("error", () => child.pid === undefined && onEnd());
  });

  return {
    exited,
    kill: () => void child.kill("SIGKILL"),
    invoke: (message) =>
      new Promise((resolve) => {
        if (ended) return resolve(exitResult(message.requestId));
        const timer = setTimeout(() => {
          if (running !== undefined) running.timedOut = true;
          child.kill("SIGKILL");
        }, options.timeoutInSeconds * 1000);
        running = {
          requestId: message.requestId,
          startedAt: performance.now(),
          log: [],
          timer,
          finish: resolve,
          answer: undefined,
          streamsAtEnd: 0,
          timedOut: false,
        };
        // A process that is just ending is reported when it has ended.
        if (child.connected) child.send(message, () => {});
      }),
  };
};
