import type { CloudError } from "../cloud/cloud-error.ts";
import { catalogued, type FailureClass } from "./error-catalogue.ts";

/** Why a call failed, in a form that can be logged, recorded and acted on. */
export interface Failure {
  readonly code: string;
  readonly class: FailureClass;
  readonly reason: string;
  readonly advice: string;
  readonly requestId?: string;
}

/**
 * What a failed ECS call means. Codes that are not in the catalogue are judged by their kind: no readable answer and
 * 5xx may heal by themselves; any other refusal needs a person, and is not repeated blindly.
 */
export function failureOf(error: CloudError): Failure {
  const known = catalogued(error.code);
  const requestId = error.requestId ? { requestId: error.requestId } : {};
  if (known)
    return {
      code: error.code,
      class: known.class,
      reason: withDetail(known.reason, error),
      advice: known.advice,
      ...requestId,
    };
  if (error.code.includes("Throttling")) {
    return {
      code: error.code,
      class: "transient",
      reason: "The cloud is limiting calls just now.",
      advice: "Nothing: it is tried again.",
      ...requestId,
    };
  }
  if (error.outcomeUnknown) {
    return {
      code: error.code,
      class: "transient",
      reason: `There was no readable answer: ${error.message}`,
      advice: "Nothing: it is tried again.",
      ...requestId,
    };
  }
  return {
    code: error.code,
    class: "account",
    reason: `${error.service.toUpperCase()} refused with a code that is not in our catalogue: ${error.message}`,
    advice: "Look the code up in Alibaba Cloud's documentation; the import is tried again with growing pauses.",
    ...requestId,
  };
}

function withDetail(reason: string, error: CloudError): string {
  const action = error.deniedAction ? ` The action denied is ${error.deniedAction}.` : "";
  const said = error.message && error.message !== "" ? ` ECS said: ${error.message}` : "";
  return `${reason}${action}${said}`;
}
