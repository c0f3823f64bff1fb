/**
 * Faults that the embedded cloud can be told to have. A plan is asked once for every request, after the operation is
 * known and before it is processed; the HTTP layer of each service carries the answer out.
 */
export type ServiceName = "oss" | "ecs" | "fc";

export interface RequestSeen {
  readonly service: ServiceName;
  /** The API operation, e.g. `PutObject`, `ImportImage`. */
  readonly operation: string;
  /** 1 for the first request since the embedded cloud started, over all services. */
  readonly number: number;
  readonly accessKeyId: string | undefined;
  /** OSS: the bucket and key. */
  readonly bucket?: string;
  readonly key?: string;
  /** ECS: the parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export type Fault =
  /** Answered with the service's own error before anything is processed. */
  | {
      readonly kind: "refuse";
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Processed; then answered with the service's own error all the same. */
  | {
      readonly kind: "refuse-after";
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Processed; then the connection is destroyed without an answer. */
  | { readonly kind: "lost-answer" }
  /** Not processed; a gateway's HTML page with status 502. */
  | { readonly kind: "html-502" }
  /** Processed; the connection is reset in the middle of the answer's body (of its headers when it has no body). */
  | { readonly kind: "reset-in-body" }
  /** Processed; a 200 whose body ends early though the message is complete (Content-Length of the cut body). */
  | { readonly kind: "truncated-200" }
  /** Processed; answered only after this many milliseconds of real time. */
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** The credentials are treated as expired. */
  | { readonly kind: "expired-credentials" }
  /** `act` runs (say, killing the caller's process) before or after processing; the connection is then destroyed. */
  | { readonly kind: "act-before" | "act-after"; readonly act: () => void | Promise<void> };

export type FaultPlan = (request: RequestSeen) => Fault | undefined;

/** Shared by all services of one embedded cloud; `plan` may be set and cleared at any time. */
export interface Faults {
  plan: FaultPlan | undefined;
  /** Requests seen so far, over all services. */
  count: number;
}

export const noFaults = (): Faults => ({ plan: undefined, count: 0 });
