/**
 * The one error that the cloud's adapters throw. Told apart by `name`, because every lazily loaded bundle chunk has its
 * own copy of this class.
 */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly service: "oss" | "ecs" | "fc";
  /** The service's code, e.g. `QuotaExceed.Image`; `NoAnswer` when none could be read. */
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** The service did not say whether it processed the request: a timeout, a reset, an answer that cannot be read. */
  readonly outcomeUnknown: boolean;
  readonly retryAfterInMilliseconds: number | undefined;
  /** The RAM action that was denied, when the service names it. */
  readonly deniedAction: string | undefined;

  constructor(facts: {
    service: "oss" | "ecs" | "fc";
    code: string;
    message: string;
    status?: number | undefined;
    requestId?: string | undefined;
    outcomeUnknown?: boolean;
    retryAfterInMilliseconds?: number | undefined;
    deniedAction?: string | undefined;
    cause?: unknown;
  }) {
    super(facts.message, { cause: facts.cause });
    this.service = facts.service;
    this.code = facts.code;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.outcomeUnknown = facts.outcomeUnknown ?? false;
    this.retryAfterInMilliseconds = facts.retryAfterInMilliseconds;
    this.deniedAction = facts.deniedAction;
  }
}

export const isCloudError = (error: unknown): error is CloudError =>
  error instanceof Error && error.name === "CloudError";

/**
 * What an HTTP client says of a failed connection, with the place that it asked, and without the rest of the request and
 * the state of its sockets, which urllib and httpx add.
 */
export const withoutRequest = (message: string): string =>
  message.replace(/(?:, )?(?:GET|HEAD|PUT|POST|DELETE) (https?:\/\/[^/?\s]+).*$/s, " ($1)");

/** The code of an answer that never came or could not be read. */
export const noAnswer = "NoAnswer";
