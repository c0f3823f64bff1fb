/** What Function Compute hands a Node.js handler beside the event; only what we use. */
export interface FunctionContext {
  readonly requestId: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken: string;
  };
  readonly function: { readonly name: string; readonly timeout: number };
}

/** Time kept back at the end of an invocation, to record where things stand before FC kills the process. */
const reserveInSeconds = 5;

/** The moment after which an invocation that began at `start` should begin nothing new. */
export function deadlineOf(context: FunctionContext, start: Date): Date {
  const timeout = Number.isFinite(context.function.timeout) ? context.function.timeout : 60;
  return new Date(start.getTime() + Math.max(1, timeout - reserveInSeconds) * 1000);
}
