import type { Fault, ServiceName } from "../../local/wire/faults.ts";

/** How one request can go wrong. `killed…`: the process of the function ends at that moment. */
export const faultKinds = [
  "error",
  "answer lost",
  "error after",
  "unavailable",
  "throttled",
  "html",
  "reset",
  "truncated",
  "slow",
  "killed before",
  "killed after",
  "expired",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** The kinds by what the product can see of them, and what ECS and OSS have done by then. */
export const faultClasses: readonly (readonly FaultKind[])[] = [
  // Nothing was processed, and something says so.
  ["error", "unavailable", "throttled", "html"],
  // It was processed, and nobody knows.
  ["answer lost", "error after", "reset", "truncated", "slow"],
  ["killed before"],
  ["killed after"],
  ["expired"],
];

export interface FaultActions {
  /** Ends the process that sent the request. */
  kill(): void;
  /** Makes every later request of the same process fail with the same fault. */
  expire(): void;
  readonly slowInMilliseconds: number;
}

export function faultOf(
  kind: FaultKind,
  service: ServiceName,
  { kill, expire, slowInMilliseconds }: FaultActions,
): Fault {
  const isOss = service === "oss";
  const internal = { status: 500, code: "InternalError", message: "We encountered an internal error." };
  switch (kind) {
    case "error":
      return { kind: "refuse", ...internal };
    case "answer lost":
      return { kind: "lost-answer" };
    case "error after":
      return { kind: "refuse-after", ...internal };
    case "unavailable":
      return { kind: "refuse", status: 503, code: "ServiceUnavailable", message: "Unavailable just now." };
    case "throttled":
      return isOss
        ? { kind: "refuse", status: 503, code: "QpsLimitExceeded", message: "Too many requests." }
        : { kind: "refuse", status: 400, code: "Throttling.User", message: "Request was denied due to throttling." };
    case "html":
      return { kind: "html-502" };
    case "reset":
      return { kind: "reset-in-body" };
    case "truncated":
      return { kind: "truncated-200" };
    case "slow":
      return { kind: "slow", milliseconds: slowInMilliseconds };
    case "killed before":
      return { kind: "act-before", act: kill };
    case "killed after":
      return { kind: "act-after", act: kill };
    case "expired":
      expire();
      return { kind: "expired-credentials" };
  }
}
