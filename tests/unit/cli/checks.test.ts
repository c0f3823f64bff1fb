import { readFileSync } from "node:fs";
import { bucketChecks, type Check, skewCheck, stateBucketChecks, sYamlChecks } from "../../../cli/ops/checks.ts";
import { readFunctions } from "../../../local/fc/s-yaml.ts";

const outcomes = (checks: readonly Check[]): Record<string, string> =>
  Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));
const region = "cn-hangzhou";
const good = { region, versioning: "Off", encryption: undefined } as const;

describe("doctor's view of the bucket", () => {
  it.each([
    ["as it should be", good, { bucket: "ok", encryption: "ok", versioning: "ok" }],
    ["in another region", { ...good, region: "cn-beijing" }, { bucket: "problem" }],
    ["that encrypts", { ...good, encryption: "KMS" }, { encryption: "problem" }],
    ["with versions", { ...good, versioning: "Enabled" as const }, { versioning: "warning" }],
    ["that is not there", undefined, { bucket: "problem" }],
  ])("%s", (_, bucket, expected) => {
    expect(outcomes(bucketChecks("images", bucket, region))).toMatchObject(expected);
  });

  it.each([
    ["as it should be", good, "ok"],
    ["with versioning suspended", { ...good, versioning: "Suspended" as const }, "problem"],
    ["in another region", { ...good, region: "cn-beijing" }, "warning"],
    ["that is not there", undefined, "problem"],
  ])("the state bucket %s", (_, bucket, expected) => {
    expect(outcomes(stateBucketChecks("state", bucket, region))).toEqual({ "state bucket": expected });
  });

  it("has a fix for everything that is not ok", () => {
    const all = [
      ...bucketChecks("images", undefined, region),
      ...bucketChecks("images", { region: "x", versioning: "Enabled", encryption: "KMS" }, region),
      ...stateBucketChecks("state", undefined, region),
      skewCheck(5000),
    ];
    for (const { outcome, fix } of all) expect([outcome, Boolean(fix)]).toEqual([outcome, outcome !== "ok"]);
  });
});

describe("doctor's view of the clock", () => {
  it.each([
    [0, "ok"],
    [59, "ok"],
    [-60, "warning"],
    [899, "warning"],
    [900, "problem"],
    [-86_400, "problem"],
  ])("off by %d seconds", (skew, expected) => {
    expect(skewCheck(skew).outcome).toBe(expected);
  });
});

describe("doctor's view of s.yaml", () => {
  const text = readFileSync("s.yaml", "utf8");
  const functionsOf = (changed: string = text) =>
    readFunctions(changed, "/", {
      IMPORT_REGION: region,
      IMPORT_ACCOUNT_ID: "1",
      IMPORT_BUCKET: "images",
      IMPORT_STATE_BUCKET: "state",
    });
  const setup = { bucket: "images", stateBucket: "state", region, wantsDeletions: false };

  it("finds the shipped one good", () => {
    expect(outcomes(sYamlChecks(functionsOf(), setup))).toEqual({ "s.yaml": "ok" });
  });

  it.each([
    ["another bucket", { ...setup, bucket: "others" }, /watches images, not others/],
    ["another region", { ...setup, region: "cn-beijing" }, /deployed in cn-hangzhou, not in cn-beijing/],
    ["another state bucket", { ...setup, stateBucket: "elsewhere" }, /state bucket is state, not elsewhere/],
  ])("names %s", (_, other, message) => {
    expect(sYamlChecks(functionsOf(), other)[0]).toMatchObject({
      outcome: "problem",
      message: expect.stringMatching(message),
    });
  });

  it("names events that are missing, and deletion events only where they are wanted", () => {
    const without = functionsOf(text.replace(/ +- oss:ObjectCreated:CompleteMultipartUpload\n/, ""));
    expect(sYamlChecks(without, setup)[0]?.message).toContain("CompleteMultipartUpload");
    expect(sYamlChecks(functionsOf(), { ...setup, wantsDeletions: true })).toEqual([
      expect.objectContaining({ outcome: "problem", message: expect.stringContaining("no deletion events") }),
    ]);
    const subscribed = functionsOf(text.replaceAll(/# - (oss:ObjectRemoved:\w+)/g, "- $1"));
    expect(outcomes(sYamlChecks(subscribed, { ...setup, wantsDeletions: true }))).toEqual({ "s.yaml": "ok" });
  });

  it("misses a timer that was taken out", () => {
    expect(sYamlChecks(functionsOf(text.slice(0, text.indexOf("\n  report-tasks:"))), setup)).toEqual([
      expect.objectContaining({ outcome: "problem", message: expect.stringContaining("no timer") }),
    ]);
  });
});
