import { authorize, decide, decideFor } from "../../../../local/ram/authorization.ts";
import type { Identity, PolicyDocument } from "../../../../local/wire/identities.ts";

const policy = (...statements: PolicyDocument["Statement"]): PolicyDocument => ({
  Version: "1",
  Statement: statements,
});
const mayRead = policy({
  Effect: "Allow",
  Action: ["oss:GetObject", "oss:GetBucket*"],
  Resource: "acs:oss:*:1:images/*",
});
const account: Identity = { accessKeyId: "LTAI1", accessKeySecret: "secret", accountId: "1" };

describe("decide", () => {
  it.each([
    ["oss:GetObject", "acs:oss:*:1:images/a.qcow2", "Allow"],
    ["OSS:getobject", "acs:oss:*:1:images/a.qcow2", "Allow"],
    ["oss:GetBucketInfo", "acs:oss:*:1:images/a", "Allow"],
    ["oss:PutObject", "acs:oss:*:1:images/a", "ImplicitDeny"],
    ["oss:GetObject", "acs:oss:*:1:Images/a", "ImplicitDeny"],
    ["oss:GetObject", "acs:oss:*:2:images/a", "ImplicitDeny"],
  ])("says of %s on %s: %s", (action, resource, expected) => {
    expect(decide([mayRead], action, resource)).toBe(expected);
  });

  it("lets a Deny outweigh every Allow, whatever their order", () => {
    const deny = policy({ Effect: "Deny", Action: "oss:*", Resource: "acs:oss:*:1:images/secret/*" });
    expect(decide([deny, mayRead], "oss:GetObject", "acs:oss:*:1:images/secret/a")).toBe("ExplicitDeny");
    expect(decide([mayRead, deny], "oss:GetObject", "acs:oss:*:1:images/secret/a")).toBe("ExplicitDeny");
    expect(decide([mayRead, deny], "oss:GetObject", "acs:oss:*:1:images/open/a")).toBe("Allow");
  });
});

describe("authorize", () => {
  it("lets the account itself do everything", () => {
    expect(authorize(account, "ecs:DeleteImage", "acs:ecs:cn-hangzhou:1:image/m-1")).toBe(true);
  });

  it("lets an identity with no matching policy do nothing", () => {
    expect(decideFor({ ...account, policies: [] }, "ecs:DeleteImage", "*")).toBe("ImplicitDeny");
    expect(authorize({ ...account, policies: [mayRead] }, "ecs:DeleteImage", "*")).toBe(false);
  });
});
