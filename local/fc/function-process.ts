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
type FcErrorType =
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
const graceInMilliseconds = 500;
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
  timer: NodeJS.Timeout;
  readonly finish: (result: InvocationResult) => void;
  /** The answer, and the marks at the end of both streams: an invocation is over when all three are here. */
  answer: InvocationAnswer | undefined;
  streamsAtEnd: number;
  logTail: string;
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
    const { requestId, startedAt, logTail, timer, finish: resolve } = running;
    running = undefined;
    clearTimeout(timer);
    const durationInMilliseconds = performance.now() - startedAt;
    resolve({ requestId, payload, errorType, durationInMilliseconds, peakMemoryInMiB, logTail });
  };

  const fail = (errorType: FcErrorType, failure: FunctionFailure, peakMemoryInMiB = 0): void =>
    finish(Buffer.from(JSON.stringify(failure)), errorType, peakMemoryInMiB);

  const deliver = (): void => {
    if (running?.answer === undefined) return;
    const { answer } = running;
    const peakMemoryInMiB = answer.peakMemoryInBytes / bytesInMiB;
    if ("payload" in answer) finish(Buffer.from(answer.payload), undefined, peakMemoryInMiB);
    else {
      const errorType = answer.handled ? "HandledInvocationError" : "UnhandledInvocationError";
      fail(errorType, answer.failure, peakMemoryInMiB);
    }
  };
  const deliverWhenComplete = (): void => {
    if (running?.streamsAtEnd === 2) deliver();
  };

  const onLine = (text: string, stream: LogStream): void => {
    const mark = running === undefined ? -1 : text.indexOf(`FC Invoke End RequestId: ${running.requestId}`);
    // What was written last need not have ended its line.
    if (mark !== 0) log(mark < 0 ? text : text.slice(0, mark), stream);
    if (mark < 0 || running === undefined) return;
    // The mark is in both streams, for this; the log has it once.
    if (stream === "stdout") log(text.slice(mark), stream);
    running.streamsAtEnd += 1;
    deliverWhenComplete();
  };

  const log = (text: string, stream: LogStream): void => {
    if (running !== undefined) running.logTail = `${running.logTail}${text}\n`.slice(-logTailInCharacters);
    options.onLine(text, stream, running?.requestId);
  };

  const streams = (["stdout", "stderr"] as const).map((name) => {
    const splitter = createLineSplitter((line) => onLine(line, name));
    child[name]?.setEncoding("utf8").on("data", (piece: string) => splitter.write(piece));
    return splitter;
  });
  child.on("message", (answer: InvocationAnswer) => {
    if (running === undefined || answer.requestId !== running.requestId) return;
    running.answer = answer;
    clearTimeout(running.timer);
    // A function may have closed its output, or have left a very long line open: do not wait for the marks for ever.
    running.timer = setTimeout(deliver, graceInMilliseconds);
    deliverWhenComplete();
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
          timer,
          finish: resolve,
          answer: undefined,
          streamsAtEnd: 0,
          logTail: "",
          timedOut: false,
        };
        // A process that is just ending is reported when it has ended.
        if (child.connected) child.send(message, () => {});
      }),
  };
};
