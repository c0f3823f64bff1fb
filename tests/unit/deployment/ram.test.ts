// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how the policies write what is to be filled in.
import { readdirSync, readFileSync } from "node:fs";
import { policiesInFolder, readPolicy } from "../../../local/fc/role-policies.ts";
import { readFunctions, readVars } from "../../../local/fc/s-yaml.ts";
import { decide } from "../../../local/ram/authorization.ts";

const variables = { IMPORT_ACCOUNT_ID: "1", IMPORT_BUCKET: "images", IMPORT_STATE_BUCKET: "state" };
const sYaml = readFileSync("s.yaml", "utf8");
const values = readVars(sYaml, variables);
const file = (name: string) => readFileSync(`ram/${name}.json`, "utf8");
const may = (roleName: string, action: string, resource: string) =>
  decide(policiesInFolder("ram", values)(roleName), action, resource) === "Allow";

const importer = "image-import-function";
const reporter = "image-import-report";
const images = "acs:ecs:cn-hangzhou:1:image/*";

describe("the policies of ram/", () => {
  it.each(readdirSync("ram").filter((name) => name.endsWith(".json")))(
    "%s is complete with the variables of s.yaml",
    (name) => {
      const policy = readPolicy(readFileSync(`ram/${name}`, "utf8"), values);
      expect(policy.Version).toBe("1");
      expect(JSON.stringify(policy)).not.toContain("${");
    },
  );

  it("exist, with a trust in FC, for each role that s.yaml names", () => {
    const roles = readFunctions(sYaml, "/", variables).map(({ roleName }) => roleName);
    expect(roles).toEqual([importer, reporter]);
    for (const role of roles) {
      expect(JSON.parse(file(`${role}-trust`)).Statement[0].Principal.Service).toEqual(["fc.aliyuncs.com"]);
      expect(JSON.parse(file(`${role}-policy`)).Version).toBe("1");
    }
  });

  it("give ECS's import role what the reference of ImportImage prints", () => {
    expect(JSON.parse(file("AliyunECSImageImportDefaultRole-trust"))).toEqual({
      Statement: [{ Action: "sts:AssumeRole", Effect: "Allow", Principal: { Service: ["ecs.aliyuncs.com"] } }],
      Version: "1",
    });
    expect(JSON.parse(file("AliyunECSImageImportDefaultRole-policy"))).toEqual({
      Version: "1",
      Statement: [
        { Action: ["oss:GetObject", "oss:GetBucketLocation", "oss:GetBucketInfo"], Resource: "*", Effect: "Allow" },
      ],
    });
  });

  it.each([
    ["oss:GetObject", "acs:oss:*:1:images/web.qcow2"],
    ["oss:PutObject", "acs:oss:*:1:images/web.qcow2.import-status.json"],
    ["oss:ListObjects", "acs:oss:*:1:images"],
    ["oss:GetBucketInfo", "acs:oss:*:1:state"],
    ["oss:PutObject", "acs:oss:*:1:state/jobs/1"],
    ["oss:DeleteObject", "acs:oss:*:1:state/open/1"],
    ["ecs:ImportImage", images],
    ["ecs:DescribeImages", images],
    ["ecs:TagResources", images],
  ])("let both functions do %s on %s", (action, resource) => {
    expect([may(importer, action, resource), may(reporter, action, resource)]).toEqual([true, true]);
  });

  it.each(["ecs:DescribeTaskAttribute", "ecs:CancelTask"])("let only the reporter do %s", (action) => {
    expect([may(importer, action, "*"), may(reporter, action, "*")]).toEqual([false, true]);
  });

  it.each([
    ["oss:PutObject", "acs:oss:*:1:images/web.qcow2"],
    ["oss:DeleteObject", "acs:oss:*:1:images/web.qcow2"],
    ["oss:DeleteObject", "acs:oss:*:1:state/jobs/1"],
    ["oss:GetObject", "acs:oss:*:1:others/web.qcow2"],
    ["oss:GetObject", "acs:oss:*:1:images-of-others/web.qcow2"],
    ["oss:GetObject", "acs:oss:*:2:images/web.qcow2"],
    ["oss:PutBucket", "acs:oss:*:1:images"],
    ["ecs:DeleteImage", images],
    ["ecs:ModifyImageSharePermission", images],
    ["ecs:ImportImage", "acs:ecs:cn-beijing:1:image/*"],
    ["ecs:RunInstances", "*"],
    ["ram:PassRole", "*"],
    ["sts:AssumeRole", "*"],
  ])("let neither function do %s on %s", (action, resource) => {
    expect([may(importer, action, resource), may(reporter, action, resource)]).toEqual([false, false]);
  });

  it.each([
    ["oss:PutObject", "acs:oss:*:1:images/web.qcow2"],
    ["oss:DeleteObject", "acs:oss:*:1:images/web.qcow2"],
    ["oss:DeleteObject", "acs:oss:*:1:state/jobs/1"],
    ["oss:DeleteObject", "acs:oss:*:1:state/doctor/probe"],
    ["ecs:DeleteImage", images],
    ["fc:InvokeFunction", "acs:fc:cn-hangzhou:1:functions/image-import"],
    ["fc:UpdateFunction", "acs:fc:cn-hangzhou:1:functions/image-import"],
    ["fc:GetFunction", "acs:fc:cn-hangzhou:1:functions/others"],
  ])("do not let the operator do %s on %s", (action, resource) => {
    expect(may("operator", action, resource)).toBe(false);
  });

  // A lost answer of ImportImage is looked up by either.
  it("let both functions find tasks", () => {
    expect([importer, reporter].map((role) => may(role, "ecs:DescribeTasks", "*"))).toEqual([true, true]);
  });

  it("let OSS call the importer and nothing else", () => {
    const policies = [readPolicy(file("oss-trigger-role-policy"), values)];
    const mayInvoke = (name: string) => decide(policies, "fc:InvokeFunction", `acs:fc:cn-hangzhou:1:functions/${name}`);
    expect([mayInvoke("image-import"), mayInvoke("image-import/LATEST"), mayInvoke("image-import-report")]).toEqual([
      "Allow",
      "Allow",
      "ImplicitDeny",
    ]);
  });

  it("let the deployer hand over exactly the roles that s.yaml names", () => {
    const policies = [readPolicy(file("deployer-policy"), values)];
    const named = [...sYaml.matchAll(/role\/([\w-]+)/g)].map(([, name = ""]) => name);
    expect(new Set(named).size).toBe(3);
    for (const name of named) expect(decide(policies, "ram:PassRole", `acs:ram::1:role/${name}`)).toBe("Allow");
    expect(decide(policies, "ram:PassRole", "acs:ram::1:role/admin")).toBe("ImplicitDeny");
  });
});

describe("reading a policy", () => {
  it("refuses a name without a value, what is no policy, and a role without a file", () => {
    expect(() => readPolicy('{"Statement":[{"Resource":"${nobody}"}]}', values)).toThrow("needs a value for nobody");
    expect(() => readPolicy('{"Statement":[{"Resource":"${constructor}"}]}', values)).toThrow("value for constructor");
    expect(() => readPolicy("[]", values)).toThrow("has no Statement");
    expect(() => policiesInFolder("ram", values)("nobody")).toThrow("the role nobody has no policy");
  });
});
