import { createIdentities } from "../../../../local/ram/identities.ts";

const now = new Date("2026-11-23T10:00:00Z");
const later = (hours: number) => new Date(now.getTime() + hours * 3_600_000);
const session = { roleName: "fc-role", accountId: "1", seconds: 900 };

describe("createIdentities", () => {
  const account = { accessKeyId: "LTAI1", accessKeySecret: "secret", accountId: "1" };

  it("finds the account's own keys and nothing else", () => {
    const identities = createIdentities([account]);
    expect(identities.find("LTAI1")).toBe(account);
    expect(identities.find("LTAI2")).toBeUndefined();
    expect(identities.find("constructor")).toBeUndefined();
  });

  it("issues sessions with a token and an end", () => {
    const identities = createIdentities([account]);
    const first = identities.issueSession({ ...session, now });
    const second = identities.issueSession({ ...session, now });
    expect(first.accessKeyId).toMatch(/^STS\./);
    expect(first.securityToken).toBeDefined();
    expect(first.expiresAt).toEqual(new Date("2026-11-23T10:15:00Z"));
    expect(second.accessKeyId).not.toBe(first.accessKeyId);
    expect(identities.find(first.accessKeyId)).toBe(first);
  });

  it("still knows a session after its end, and forgets it a day later", () => {
    const identities = createIdentities([]);
    const first = identities.issueSession({ ...session, now });
    identities.issueSession({ ...session, now: later(12) });
    expect(identities.find(first.accessKeyId)).toBe(first);
    identities.issueSession({ ...session, now: later(25) });
    expect(identities.find(first.accessKeyId)).toBeUndefined();
  });
});
