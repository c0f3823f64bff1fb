// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how Serverless Devs writes its expressions.
import { interpolate, readFunctions } from "../../../../local/fc/s-yaml.ts";

describe("expressions in s.yaml", () => {
  const variables = { NAME: "value", EMPTY: "" };

  it.each([
    ["a variable", "${env('NAME')}", "value"],
    ["double quotes", '${env("NAME")}', "value"],
    ["a variable rather than its default", "${env('NAME', 'x')}", "value"],
    ["a default", "${env('OTHER', 'x')}", "x"],
    ["an empty default", "${env('OTHER','')}", ""],
    ["an empty variable", "${env('EMPTY', 'x')}", ""],
    ["several in one text", "a-${env('NAME')}-${vars.inner.text}", "a-value-value!"],
    ["a number, kept as one", "${vars.number}", 512],
    ["a number within a text", "n=${vars.number}", "n=512"],
    ["a text without any", "$5 {x}", "$5 {x}"],
  ])("take %s", (_, text, expected) => {
    const document = { vars: { number: 512, inner: { text: "${env('NAME')}!" } }, list: [{ text }] };
    expect(interpolate(document, variables)).toMatchObject({ list: [{ text: expected }] });
  });

  it.each([
    ["a variable that is not set", "${env('OTHER')}", "needs the variable OTHER"],
    ["a name that is not in vars", "${vars.nothing}", "no variable vars.nothing"],
    ["a property that every object has", "${vars.constructor}", "no variable vars.constructor"],
    ["an expression of another kind", "${config('AccountID')}", "${config('AccountID')} is not supported"],
  ])("refuse %s", (_, text, message) => {
    expect(() => interpolate({ vars: {}, text }, variables)).toThrow(message);
  });
});

const minimal = `
resources:
  f:
    component: fc3
    props: { region: cn-hangzhou, functionName: f, runtime: nodejs20, handler: index.handler, code: ./dist }
`;

describe("a function in s.yaml", () => {
  it("has FC's defaults for what is left out", () => {
    expect(readFunctions(minimal, "/project", {})).toEqual([
      {
        name: "f",
        region: "cn-hangzhou",
        runtime: "nodejs20",
        handler: "index.handler",
        codeFolder: "/project/dist",
        memoryInMiB: 512,
        timeoutInSeconds: 3,
        roleName: undefined,
        environment: {},
        reservedConcurrency: undefined,
        logProject: "",
        logStore: "",
        asyncInvocation: { isSet: false, retryAttempts: 3, maximumAgeInSeconds: 86400, onFailure: undefined },
        ossTriggers: [],
        timerTriggers: [],
      },
    ]);
  });

  it("leaves out a timer that is switched off", () => {
    const trigger =
      "{ triggerName: t, triggerType: timer, triggerConfig: { cronExpression: '@every 1m', enable: false } }";
    const [definition] = readFunctions(minimal.replace("./dist }", `./dist, triggers: [${trigger}] }`), "/", {});
    expect(definition?.timerTriggers).toEqual([]);
  });

  it.each([
    ["no resources", "edition: 3.0.0", "s.yaml.resources is not a mapping"],
    ["a component that is not fc3", minimal.replace("fc3", "fc"), "resources.f.component is not fc3"],
    ["a missing name", minimal.replace("functionName: f, ", ""), "props.functionName is missing"],
    [
      "a memory size in words",
      minimal.replace("./dist }", "./dist, memorySize: much }"),
      "props.memorySize is not a number",
    ],
    ["another runtime", minimal.replace("nodejs20", "python3.10"), "python3.10 is not supported here"],
    [
      "a trigger of another type",
      minimal.replace("./dist }", "./dist, triggers: [{ triggerName: t, triggerType: http }] }"),
      "triggers[0]: http triggers are not supported here",
    ],
  ])("is refused with %s", (_, text, message) => {
    expect(() => readFunctions(text, "/", {})).toThrow(message);
  });
});
