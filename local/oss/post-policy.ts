import { type Refusal, refuse } from "./errors.ts";

/** What a form upload's policy says about the file's length. */
export interface PolicyLimits {
  readonly minimumInBytes: number;
  readonly maximumInBytes: number;
}

type Condition =
  | { readonly kind: "eq" | "starts-with"; readonly field: string; readonly value: string }
  | { readonly kind: "in" | "not-in"; readonly field: string; readonly values: readonly string[] }
  | { readonly kind: "content-length-range"; readonly minimum: number; readonly maximum: number };

/**
 * Holds the fields of a form against its policy (PostObject reference, "Policy"): a base64 JSON document with an
 * `expiration` and `conditions`. Every condition must hold, and a condition that cannot be read does not.
 */
export const checkPolicy = (
  encoded: string,
  fields: ReadonlyMap<string, string>,
  now: Date,
): PolicyLimits | Refusal => {
  const policy = parse(Buffer.from(encoded, "base64").toString("utf8"));
  if (policy === undefined) return refuse("InvalidPolicyDocument");
  if (Number.isNaN(policy.expiration.getTime())) return refuse("InvalidPolicyDocument");
  if (policy.expiration <= now)
    return refuse("AccessDenied", { message: "Invalid according to Policy: Policy expired." });
  let limits: PolicyLimits = { minimumInBytes: 0, maximumInBytes: Number.POSITIVE_INFINITY };
  for (const given of policy.conditions) {
    const condition = readCondition(given);
    if (condition === undefined) return refuse("InvalidPolicyDocument");
    if (condition.kind === "content-length-range") {
      limits = { minimumInBytes: condition.minimum, maximumInBytes: condition.maximum };
    } else if (!holds(condition, fields)) {
      return refuse("AccessDenied", {
        message: `Invalid according to Policy: Policy Condition failed: ${JSON.stringify(given)}`,
      });
    }
  }
  return limits;
};

const parse = (text: string): { expiration: Date; conditions: readonly unknown[] } | undefined => {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== "object" || document === null) return undefined;
    if (!("expiration" in document) || !("conditions" in document) || !Array.isArray(document.conditions))
      return undefined;
    return { expiration: new Date(String(document.expiration)), conditions: document.conditions };
  } catch {
    return undefined;
  }
};

const readCondition = (given: unknown): Condition | undefined => {
  if (!Array.isArray(given)) {
    const pairs = typeof given === "object" && given !== null ? Object.entries(given) : [];
    const [pair] = pairs;
    if (pairs.length !== 1 || pair === undefined) return undefined;
    return { kind: "eq", field: pair[0].toLowerCase(), value: String(pair[1]) };
  }
  const [kind, second, third]: unknown[] = given;
  if (kind === "content-length-range") {
    const [minimum, maximum] = [Number(second), Number(third)];
    return Number.isFinite(minimum) && Number.isFinite(maximum) ? { kind, minimum, maximum } : undefined;
  }
  if (typeof second !== "string" || !second.startsWith("$")) return undefined;
  const field = second.slice(1).toLowerCase();
  if ((kind === "eq" || kind === "starts-with") && typeof third === "string") return { kind, field, value: third };
  if ((kind === "in" || kind === "not-in") && Array.isArray(third)) return { kind, field, values: third.map(String) };
  return undefined;
};

const holds = (
  condition: Exclude<Condition, { kind: "content-length-range" }>,
  fields: ReadonlyMap<string, string>,
): boolean => {
  const actual = fields.get(condition.field) ?? "";
  switch (condition.kind) {
    case "eq":
      return actual === condition.value;
    case "starts-with":
      return actual.startsWith(condition.value);
    case "in":
      return condition.values.includes(actual);
    case "not-in":
      return !condition.values.includes(actual);
  }
};
