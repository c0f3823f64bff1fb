import type { Decision, Identity, PolicyDocument } from "../wire/identities.ts";
import { matchesWildcard } from "./wildcard.ts";

const listed = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

/**
 * Evaluates RAM policies as "Policy evaluation process" of the RAM documentation words it: Deny first, then Allow, then
 * no. `*` and `?` are wildcards; actions are compared without case, resources with it. Conditions are not supported.
 */
export const decide = (policies: readonly PolicyDocument[], action: string, resource: string): Decision => {
  let decision: Decision = "ImplicitDeny";
  for (const { Effect, Action, Resource } of policies.flatMap((policy) => policy.Statement)) {
    const applies =
      listed(Action).some((pattern) => matchesWildcard(pattern.toLowerCase(), action.toLowerCase())) &&
      listed(Resource).some((pattern) => matchesWildcard(pattern, resource));
    if (!applies) continue;
    if (Effect === "Deny") return "ExplicitDeny";
    decision = "Allow";
  }
  return decision;
};

/** What an identity may do: an identity without policies is the account itself, which may do everything. */
export const decideFor = (identity: Identity, action: string, resource: string): Decision => {
  const decision = identity.policies === undefined ? "Allow" : decide(identity.policies, action, resource);
  identity.onQuestion?.({ action, resource, decision });
  return decision;
};

/** Whether `identity` may do `action` (`oss:GetObject`) to `resource` (`acs:oss:*:1234:bucket/key`). */
export const authorize = (identity: Identity, action: string, resource: string): boolean =>
  decideFor(identity, action, resource) === "Allow";
