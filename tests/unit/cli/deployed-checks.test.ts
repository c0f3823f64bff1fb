import { readFileSync } from "node:fs";
import type { Check } from "../../../cli/ops/checks.ts";
import { deployedChecks } from "../../../cli/ops/deployed-checks.ts";
import type { FunctionFound } from "../../../cli/ops/deployment.ts";
import { readFunctions } from "../../../local/fc/s-yaml.ts";
import type { DeployedAsyncInvocation, DeployedFunction, DeployedTrigger } from "../../../shared/cloud/ports.ts";

const region = "cn-hangzhou";
const setup = { bucket: "images", stateBucket: "state", region, wantsDeletions: false };
const [importer, reporter] = readFunctions(readFileSync("s.yaml", "utf8"), "/", {
  IMPORT_REGION: region,
  IMPORT_ACCOUNT_ID: "1",
  IMPORT_BUCKET: "images",
  IMPORT_STATE_BUCKET: "state",
});
if (!importer || !reporter) throw new Error("s.yaml has two functions");

const deployedOf = (expected: typeof importer): DeployedFunction => ({
  name: expected.name,
  arn: `acs:fc:${region}:1:functions/${expected.name}`,
  runtime: expected.runtime,
  handler: expected.handler,
  timeoutInSeconds: expected.timeoutInSeconds,
  role: `acs:ram::1:role/${expected.roleName}`,
  state: "Active",
  environment: new Map(Object.entries(expected.environment)),
});
const uploads: DeployedTrigger = {
  name: "uploads",
  type: "oss",
  sourceArn: `acs:oss:${region}:1:images`,
  qualifier: "LATEST",
  enabled: true,
  events: importer.ossTriggers[0]?.events ?? [],
  prefix: "",
  suffix: "",
};
const minute: DeployedTrigger = {
  name: "every-minute",
  type: "timer",
  enabled: true,
  events: [],
  prefix: "",
  suffix: "",
  schedule: "@every 1m",
};

const asyncInvocation: DeployedAsyncInvocation = {
  retryAttempts: 3,
  maximumAgeInSeconds: 21600,
  onFailure: `acs:mns:${region}:1:/queues/image-import-failures/messages`,
};

/** The shipped deployment with one thing changed. */
const checksOf = (
  change: {
    importer?: Partial<DeployedFunction> | null;
    uploads?: Partial<DeployedTrigger> | null;
    minute?: Partial<DeployedTrigger> | null;
    asyncInvocation?: DeployedAsyncInvocation;
    expected?: Partial<typeof importer>;
  } = {},
  other: Partial<typeof setup> = {},
): readonly Check[] => {
  const functions: readonly FunctionFound[] = [
    {
      expected: { ...importer, ...change.expected },
      deployed: change.importer === null ? undefined : { ...deployedOf(importer), ...change.importer },
      triggers: change.uploads === null ? [] : [{ ...uploads, ...change.uploads }],
      asyncInvocation: change.asyncInvocation ?? asyncInvocation,
    },
    {
      expected: reporter,
      deployed: deployedOf(reporter),
      triggers: change.minute === null ? [] : [{ ...minute, ...change.minute }],
      asyncInvocation: {},
    },
  ];
  return deployedChecks(functions, { ...setup, ...other });
};
const amiss = (checks: readonly Check[]): readonly Check[] => checks.filter(({ outcome }) => outcome !== "ok");

describe("doctor's view of what is deployed", () => {
  it("finds the shipped deployment good", () => {
    expect(checksOf().map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      "function ok",
      "trigger ok",
      "failed events ok",
      "function ok",
      "timer ok",
    ]);
  });

  const environment = (changes: Record<string, string>) => ({
    environment: new Map(Object.entries({ ...importer.environment, ...changes })),
  });
  const allCreations = { events: ["oss:ObjectCreated:*"] };
  const deletions = { wantsDeletions: true };
  const { onFailure, ...dropping } = asyncInvocation;
  const failedEvents = { name: "failed events", outcome: "warning" } as const;

  it.each<[string, Parameters<typeof checksOf>, Partial<Check>]>([
    ["a function that is missing", [{ importer: null }], { name: "function", outcome: "problem" }],
    ["one that failed", [{ importer: { state: "Failed", trouble: "no disk" } }], { outcome: "problem" }],
    ["one in another region", [{ importer: { arn: "acs:fc:cn-beijing:1:functions/x" } }], { outcome: "problem" }],
    ["another bucket", [{ importer: environment({ IMAGE_BUCKET: "others" }) }], { outcome: "problem" }],
    ["another state bucket", [{ importer: environment({ STATE_BUCKET: "others" }) }], { outcome: "problem" }],
    ["no variables at all", [{ importer: { environment: new Map() } }], { outcome: "problem" }],
    ["another runtime", [{ importer: { runtime: "nodejs14" } }], { outcome: "warning" }],
    ["no trigger", [{ uploads: null }], { name: "trigger", outcome: "problem" }],
    ["a trigger on another bucket", [{ uploads: { sourceArn: "acs:oss:x:1:others" } }], { outcome: "problem" }],
    ["a trigger whose bucket's name ends the same", [{ uploads: { sourceArn: "acs:oss:x:1:my-images" } }], {}],
    ["a trigger that is off", [{ uploads: { enabled: false } }], { name: "trigger", outcome: "problem" }],
    ["a trigger of parts only", [{ uploads: { events: ["oss:ObjectCreated:PutObject"] } }], { outcome: "problem" }],
    ["a trigger with a suffix", [{ uploads: { suffix: ".qcow2" } }], { outcome: "problem" }],
    ["a trigger with a prefix, a function without", [{ uploads: { prefix: "in/" } }], { outcome: "problem" }],
    ["a trigger of an old version", [{ uploads: { qualifier: "3" } }], { outcome: "problem" }],
    ["EventBridge instead", [{ uploads: { type: "eventbridge" } }], { name: "trigger", outcome: "warning" }],
    ["failed events without settings", [{ asyncInvocation: {} }], failedEvents],
    ["failed events that are dropped", [{ asyncInvocation: dropping }], failedEvents],
    ["failed events in another queue", [{ asyncInvocation: { ...dropping, onFailure: "acs:mns:x" } }], failedEvents],
    ["no second try", [{ asyncInvocation: { ...asyncInvocation, retryAttempts: 0 } }], failedEvents],
    ["another age", [{ asyncInvocation: { ...asyncInvocation, maximumAgeInSeconds: 60 } }], failedEvents],
    ["no timer", [{ minute: null }], { name: "timer", outcome: "problem" }],
    ["a timer that is off", [{ minute: { enabled: false } }], { name: "timer", outcome: "problem" }],
    ["a timer of another pace", [{ minute: { schedule: "@every 1h" } }], { name: "timer", outcome: "warning" }],
    ["deletions that are asked for and not seen", [{}, deletions], { name: "deletion events", outcome: "problem" }],
  ])("names %s, with its fix", (_, [change, other], expected) => {
    expect(amiss(checksOf(change, other))).toEqual([
      expect.objectContaining({ ...expected, message: expect.any(String), fix: expect.stringMatching(/./) }),
    ]);
  });

  it.each<[string, Parameters<typeof checksOf>]>([
    ["all creations in one word", [{ uploads: allCreations }]],
    [
      "the same prefix twice",
      [{ importer: environment({ IMAGE_PREFIX: "in/" }), uploads: { prefix: "in/", ...allCreations } }],
    ],
    ["deletions in one word", [{ uploads: { events: [...uploads.events, "oss:ObjectRemoved:*"] } }, deletions]],
    [
      "the account that the function is in, where nobody named one",
      [{ expected: { asyncInvocation: { ...importer.asyncInvocation, onFailure: onFailure?.replace(":1:", ":0:") } } }],
    ],
    [
      "whatever becomes of failed events, where s.yaml does not say",
      [{ expected: { asyncInvocation: { ...importer.asyncInvocation, isSet: false } }, asyncInvocation: {} }],
    ],
    ["an idle function", [{ importer: { state: "Inactive" } }]],
  ])("is content with %s", (_, change) => {
    expect(amiss(checksOf(...change))).toEqual([]);
  });

  it("tells what is lost with failed events, and how to deploy what keeps them", () => {
    expect(amiss(checksOf({ asyncInvocation: {} }))).toEqual([
      {
        ...failedEvents,
        message: `image-import is deployed otherwise than s.yaml says it now: maxAsyncRetryAttempts is not set, not 3; maxAsyncEventAgeInSeconds is not set, not 21600; the destination onFailure is not set, not ${onFailure}. An upload that fails for good is dropped without a word.`,
        fix: "IMPORT_REGION=cn-hangzhou IMPORT_BUCKET=images IMPORT_STATE_BUCKET=state npm run deploy",
      },
    ]);
    const [other] = amiss(checksOf({ asyncInvocation: { ...asyncInvocation, retryAttempts: 0 } }));
    expect(other?.message).toMatch(/now: maxAsyncRetryAttempts is 0, not 3\.$/);
    expect(other?.fix).toContain("leave it, if it is meant so");
  });

  it("tells how to ask about what is deployed instead, and how to deploy what is asked about", () => {
    const [check] = amiss(checksOf({ importer: environment({ IMAGE_BUCKET: "others", STATE_BUCKET: "mind" }) }));
    expect(check?.fix).toContain(
      "IMPORT_REGION=cn-hangzhou IMPORT_BUCKET=images IMPORT_STATE_BUCKET=state npm run deploy",
    );
    expect(check?.fix).toContain("oss-image-import doctor oss://others --state-bucket mind");
  });
});
