import { randomBytes } from "node:crypto";
import type { Identities, Identity, PermissionQuestion } from "../wire/identities.ts";

/** Sessions stay known this long after their end, so that an expired token can be told from an unknown key. */
const rememberedAfterExpiryInMilliseconds = 24 * 60 * 60 * 1000;

/**
 * The callers of one embedded cloud: the long-lived keys given here and the sessions issued since, all in memory.
 * `onQuestion` hears of whatever a role asks to do.
 */
export const createIdentities = (
  accounts: readonly Identity[],
  onQuestion?: (roleName: string, question: PermissionQuestion) => void,
): Identities => {
  const known = new Map(accounts.map((identity) => [identity.accessKeyId, identity]));
  return {
    find: (accessKeyId) => known.get(accessKeyId),
    issueSession: ({ roleName, accountId, policies, seconds, now }) => {
      for (const [accessKeyId, { expiresAt }] of known) {
        if (expiresAt !== undefined && expiresAt.getTime() + rememberedAfterExpiryInMilliseconds < now.getTime())
          known.delete(accessKeyId);
      }
      const session: Identity = {
        accessKeyId: `STS.N${randomBytes(12).toString("hex")}`,
        accessKeySecret: randomBytes(24).toString("base64url"),
        securityToken: `CAIS${randomBytes(48).toString("base64")}`,
        expiresAt: new Date(now.getTime() + seconds * 1000),
        accountId,
        roleName,
        ...(policies === undefined ? {} : { policies }),
        ...(onQuestion === undefined ? {} : { onQuestion: (question) => onQuestion(roleName, question) }),
      };
      known.set(session.accessKeyId, session);
      return session;
    },
  };
};
