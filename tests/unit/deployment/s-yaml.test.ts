// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how Serverless Devs writes its expressions.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { interpolate, readFunctions, readVars } from "../../../local/fc/s-yaml.ts";
import { problemsOf } from "./strict-fc3-check.ts";

const text = readFileSync("s.yaml", "utf8");
const variables = {
  IMPORT_ACCOUNT_ID: "1234567890123456",
  IMPORT_BUCKET: "images",
  IMPORT_STATE_BUCKET: "images-state",
};
const read = () => interpolate(parse(text), variables);

/** Every property in a tree, as the keys that lead to it. */
const pathsOf = (value: unknown, at: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, item]) => [
        ...(Array.isArray(value) ? [] : [[...at, key]]),
        ...pathsOf(item, [...at, key]),
      ])
    : [];

/** A copy in which the property at the path is misspelt. */
const misspelt = (value: unknown, [key, ...rest]: readonly string[]): unknown => {
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? misspelt(item, rest) : item));
  return Object.fromEntries(
    Object.entries(value as object).map(([name, item]) => {
      if (name !== key) return [name, item];
      return rest.length === 0 ? [`${name}z`, item] : [name, misspelt(item, rest)];
    }),
  );
};

/** Where any name is right. */
const free = /^(vars,.+|resources,[^,]+|resources,.+,environmentVariables,.+)$/;

describe("s.yaml", () => {
  it("is valid for fc3's schema and has no property that the schema does not name", () => {
    expect(problemsOf(read())).toEqual([]);
  });

  const places = pathsOf(read()).filter((path) => !free.test(path.join(",")));

  it("has enough properties for the next test to mean something", () => {
    expect(places.length).toBeGreaterThan(70);
  });

  // `vars` and `actions` may be left out of a file; misspelt they are unknown, as everything else.
  it.each(places.map((path) => [path.join(".")]))("would be refused with a typo in %s", (path) => {
    expect(problemsOf(misspelt(read(), path.split(".")))).not.toEqual([]);
  });

  it.each([
    ["a runtime that FC has not", "runtime: nodejs20", "runtime: nodejs99"],
    ["a memory size that is no multiple of 64", "memorySize: 512", "memorySize: 500"],
    ["an event that OSS has not", "oss:ObjectCreated:PutObject", "oss:ObjectCreated:Put"],
    [
      "a trigger without a filter",
      'filter:\n              key:\n                prefix: ${vars.prefix}\n                suffix: ""',
      "",
    ],
    ["an action that fc3 has not", "pre-deploy:", "post-deploy:"],
  ])("would be refused with %s", (_, from, to) => {
    expect(text).toContain(from);
    expect(problemsOf(interpolate(parse(text.replace(from, () => to)), variables))).not.toEqual([]);
  });

  it("needs the account and the two buckets, and nothing else", () => {
    for (const name of Object.keys(variables)) {
      const others = Object.fromEntries(Object.entries(variables).filter(([other]) => other !== name));
      expect(() => interpolate(parse(text), others)).toThrow(`needs the variable ${name}`);
    }
    expect(() => read()).not.toThrow();
  });

  it("names its credentials without an expression, which s would not evaluate there", () => {
    expect(parse(text).access).toBe("default");
  });

  it("names only variables that docs/deploy.md explains", () => {
    const page = readFileSync("docs/deploy.md", "utf8");
    const names = [...text.matchAll(/env\('(\w+)'/g)].map(([, name = ""]) => name);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the deployed functions", () => {
  const functions = readFunctions(text, "/project", variables);
  const [importer, reporter] = functions;

  it("are an importer, called by uploads, and a reporter, called every minute", () => {
    expect(functions.map(({ name, codeFolder }) => ({ name, codeFolder }))).toEqual([
      { name: "image-import", codeFolder: "/project/dist/import-image" },
      { name: "image-import-report", codeFolder: "/project/dist/report-tasks" },
    ]);
    expect(importer?.ossTriggers).toHaveLength(1);
    expect(reporter?.timerTriggers).toEqual([{ name: "every-minute", cronExpression: "@every 1m", payload: "report" }]);
  });

  it("see every upload to the bucket, and no part of one", () => {
    expect(importer?.ossTriggers[0]).toMatchObject({
      sourceArn: "acs:oss:cn-hangzhou:1234567890123456:images",
      prefix: "",
      suffix: "",
      events: ["PutObject", "PostObject", "CopyObject", "CompleteMultipartUpload", "AppendObject", "PutSymlink"].map(
        (name) => `oss:ObjectCreated:${name}`,
      ),
    });
  });

  it("lose no event: it is repeated, and in the end goes to a queue", () => {
    expect(importer?.asyncInvocation).toEqual({
      isSet: true,
      retryAttempts: 3,
      maximumAgeInSeconds: 21600,
      onFailure: "acs:mns:cn-hangzhou:1234567890123456:/queues/image-import-failures/messages",
    });
  });

  it("are told where to work", () => {
    const environment = {
      IMAGE_BUCKET: "images",
      STATE_BUCKET: "images-state",
      IMAGE_PREFIX: "",
      OSS_ENDPOINT: "",
      ECS_ENDPOINT: "",
      LOG_LEVEL: "info",
    };
    expect(functions.map((each) => each.environment)).toEqual([environment, environment]);
  });

  it("run one reporter at a time", () => {
    expect(reporter?.reservedConcurrency).toBe(1);
  });
});

describe("the variables of s.yaml", () => {
  it("are those that the policies of ram/ are filled in with", () => {
    expect(Object.keys(readVars(text, variables))).toEqual(
      expect.arrayContaining([
        "region",
        "accountId",
        "bucket",
        "stateBucket",
        "logProject",
        "logStore",
        "failureQueue",
      ]),
    );
  });
});
