/**
 * Runs inside a function's process: loads the handler and answers invocations that the host sends over the IPC channel.
 * It does what FC's built-in Node.js runtime does, in its documented shapes: the event as a Buffer, the context, the log
 * marks, what is done with a returned value, and the error object.
 *
 * Gaps: handlers are CommonJS; no initializer, no preStop; an instance is not frozen between invocations.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { format } from "node:util";
import type { FunctionFailure, InvocationAnswer, InvocationMessage } from "./invocation-message.ts";

type Handler = (event: Buffer, context: object, callback: (error: unknown, value?: unknown) => void) => unknown;
type Outcome = { readonly payload: Buffer } | { readonly handled: boolean; readonly error: unknown };

const variable = (name: string): string => {
  // biome-ignore lint/style/noProcessEnv: the environment is how FC configures a function's process.
  const value = process.env[name];
  if (value === undefined) throw new Error(`the host did not set ${name}`);
  return value;
};

/** A failure that FC names itself, before the handler has run. */
class LoadError extends Error {
  constructor(name: "UserCodeSyntaxError" | "ImportModuleError" | "HandlerNotFound", message: string) {
    super(message);
    this.name = name;
  }
}

const loadHandler = (): Handler => {
  const [file = "", exported = ""] = variable("FC_FUNCTION_HANDLER").split(".");
  const folder = variable("FC_FUNC_CODE_PATH");
  let loaded: unknown;
  try {
    loaded = createRequire(join(folder, "/"))(`./${file}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new LoadError(error instanceof SyntaxError ? "UserCodeSyntaxError" : "ImportModuleError", message);
  }
  const handler = typeof loaded === "object" && loaded !== null ? Reflect.get(loaded, exported) : undefined;
  if (typeof handler !== "function") throw new LoadError("HandlerNotFound", `${file} has no function ${exported}`);
  return (event, context, callback) => Reflect.apply(handler, undefined, [event, context, callback]);
};

let requestId = "";
const writeLogLine = (level: string, text: string): void => {
  process.stdout.write(`${new Date().toISOString()} ${requestId} [${level}] ${text}\n`);
};

const logMethods = {
  debug: (...values: unknown[]) => writeLogLine("debug", format(...values)),
  info: (...values: unknown[]) => writeLogLine("info", format(...values)),
  warn: (...values: unknown[]) => writeLogLine("warning", format(...values)),
  error: (...values: unknown[]) => writeLogLine("error", format(...values)),
  log: (...values: unknown[]) => writeLogLine("verbose", format(...values)),
};
// FC's runtime puts time, request and level before what goes through the console: such a line is not JSON any more.
Object.assign(console, logMethods);

const payloadOf = (value: unknown): Buffer => {
  if (value === undefined || value === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
};

const failureOf = (error: unknown): FunctionFailure =>
  error instanceof Error
    ? { errorMessage: error.message, errorType: error.name, stackTrace: (error.stack ?? "").split("\n") }
    : { errorMessage: String(error) };

let handler: Handler | undefined;

/** The first answer counts, whether it comes through the callback or the promise. */
const run = (message: InvocationMessage): Promise<Outcome> =>
  new Promise((resolve) => {
    const fail = (error: unknown) => resolve({ handled: false, error });
    const succeed = (value: unknown) => {
      try {
        resolve({ payload: payloadOf(value) });
      } catch (error) {
        fail(error);
      }
    };
    const callback = (error: unknown, value?: unknown) =>
      error === undefined || error === null ? succeed(value) : resolve({ handled: true, error });
    try {
      handler ??= loadHandler();
      const context = { ...message.context, requestId, logger: { requestId, ...logMethods } };
      const returned = handler(Buffer.from(message.event), context, callback);
      if (returned instanceof Promise) returned.then(succeed, fail);
    } catch (error) {
      fail(error);
    }
  });

const answer = async (message: InvocationMessage): Promise<void> => {
  requestId = message.requestId;
  process.stdout.write(`FC Invoke Start RequestId: ${requestId}\n`);
  const outcome = await run(message);
  // The host reads two streams and a channel: the marks tell it that it has seen everything of this invocation.
  const end = `FC Invoke End RequestId: ${requestId}`;
  process.stdout.write(
    "error" in outcome && !outcome.handled ? `${end}, Error: Unhandled function error\n` : `${end}\n`,
  );
  process.stderr.write(`${end}\n`);
  const reply: InvocationAnswer = {
    requestId,
    peakMemoryInBytes: process.resourceUsage().maxRSS * 1024,
    ...("error" in outcome
      ? { failure: failureOf(outcome.error), handled: outcome.handled }
      : { payload: outcome.payload }),
  };
  process.send?.(reply);
};

process.on("message", (message: InvocationMessage) => void answer(message));
process.on("disconnect", () => process.exit(0));
// Ctrl-C in a terminal reaches every process of its group; when instances end is for the host to say.
process.on("SIGINT", () => {});
