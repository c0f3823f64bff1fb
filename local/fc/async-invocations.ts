/**
 * Asynchronous invocations: queued, at least once, tried again when the function fails, and handed to the onFailure
 * destination in the end. Shapes and limits as in the page "Asynchronous invocation" of the Function Compute documents.
 */
import type { Clock } from "../../shared/clock.ts";
import type { InvocationResult } from "./function-process.ts";
import type { FunctionDefinition } from "./s-yaml.ts";

/** What FC sends to a destination. */
interface FailureRecord {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: "RetryAttemptsExhausted" | "EventAgeExceeded";
    readonly approximateInvokeCount: number;
  };
  readonly requestPayload: string;
  readonly responseContext: { readonly statusCode: number; readonly functionError: string };
  readonly responsePayload: string;
}

export interface Failure {
  readonly functionName: string;
  /** ARN of the destination; undefined when the function has none, and FC drops the event. */
  readonly destination: string | undefined;
  readonly record: FailureRecord;
}

export interface AsyncInvocationOptions {
  readonly clock: Clock;
  readonly definition: FunctionDefinition;
  readonly functionArn: string;
  readonly requestId: string;
  readonly payload: Buffer;
  /** Aborts the waiting between tries. */
  readonly signal: AbortSignal;
  /** The pause before try number `retry` (1 is the first repetition). FC does not say how long it waits. */
  retryDelayInMilliseconds(retry: number): number;
  invoke(retryCount: number): Promise<InvocationResult>;
}

/** Resolves when the event has been handled, or with what its destination is told; undefined also when aborted. */
export const runAsyncInvocation = async (options: AsyncInvocationOptions): Promise<Failure | undefined> => {
  const { clock, definition, functionArn, requestId, payload, signal, retryDelayInMilliseconds, invoke } = options;
  const { retryAttempts, maximumAgeInSeconds, onFailure } = definition.asyncInvocation;
  const acceptedAt = clock.now().getTime();
  for (let retry = 0; ; retry += 1) {
    const result = await invoke(retry);
    if (result.errorType === undefined || signal.aborted) return undefined;
    const pause = retryDelayInMilliseconds(retry + 1);
    const tooOld = clock.now().getTime() + pause - acceptedAt > maximumAgeInSeconds * 1000;
    if (retry < retryAttempts && !tooOld) {
      await clock.sleep(pause, signal);
      if (signal.aborted) return undefined;
      continue;
    }
    return {
      functionName: definition.name,
      destination: onFailure,
      record: {
        timestamp: clock.now().getTime(),
        requestContext: {
          requestId,
          functionArn,
          condition: retry < retryAttempts ? "EventAgeExceeded" : "RetryAttemptsExhausted",
          approximateInvokeCount: retry + 1,
        },
        requestPayload: payload.toString(),
        responseContext: { statusCode: 200, functionError: result.errorType },
        responsePayload: result.payload.toString(),
      },
    };
  }
};
