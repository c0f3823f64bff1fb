import { type Refusal, refuse } from "./errors.ts";
import type { Outcome } from "./operation.ts";
import type { Parameters } from "./parameters.ts";
import { canonicalQuery } from "./percent-encoding.ts";

interface Remembered {
  readonly parameters: string;
  /** `undefined` while the first request still runs. */
  readonly outcome: Outcome | undefined;
  readonly until: number;
}

/** What was answered to which ClientToken. */
export type ClientTokens = Map<string, Remembered>;

/** Parameters that differ between two sendings of the same request. */
const perSending = ["Signature", "SignatureNonce", "Timestamp", "SecurityToken", "AccessKeyId", "Format"];

/**
 * Runs `process` once per token. The same token with the same parameters gets the first answer again, with other
 * parameters `IdempotentParameterMismatch`, while the first runs `LastTokenProcessing`. Only success is remembered, so
 * that a request can be sent again once what stood in its way is gone (unpublished).
 */
export const withClientToken = async (
  tokens: ClientTokens,
  { owner, token, parameters }: { owner: string; token: string; parameters: Parameters },
  time: { now: number; lifetimeInSeconds: number },
  process: () => Promise<Outcome>,
): Promise<Outcome> => {
  const name = `${owner} ${token}`;
  const comparable = canonicalQuery([...parameters].filter(([key]) => !perSending.includes(key)));
  const earlier = tokens.get(name);
  if (earlier !== undefined && earlier.until > time.now) return replay(earlier, comparable);
  const until = time.now + time.lifetimeInSeconds * 1000;
  tokens.set(name, { parameters: comparable, outcome: undefined, until: Number.POSITIVE_INFINITY });
  let outcome: Outcome | undefined;
  try {
    outcome = await process();
    return outcome;
  } finally {
    if (outcome === undefined || "code" in outcome) tokens.delete(name);
    else tokens.set(name, { parameters: comparable, outcome, until });
  }
};

const replay = (earlier: Remembered, comparable: string): Outcome | Refusal => {
  if (earlier.parameters !== comparable) return refuse("IdempotentParameterMismatch");
  return earlier.outcome ?? refuse("LastTokenProcessing");
};
