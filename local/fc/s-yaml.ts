/**
 * Reads a Serverless Devs file (edition 3, component fc3) as far as the embedded FC needs it.
 *
 * Gaps: of the file's expressions only `${env('NAME')}`, `${env('NAME', 'default')}` and `${vars.path}` are known, and
 * of the triggers only `oss` and `timer`; everything else is refused by name. Actions are not run.
 */
import { resolve } from "node:path";
import { parse } from "yaml";
import type { OssTrigger } from "./oss-trigger.ts";
import type { TimerTrigger } from "./timer-schedule.ts";

export interface FunctionDefinition {
  readonly name: string;
  readonly region: string;
  /** `nodejs20`; told to whoever asks, and of no other effect here. */
  readonly runtime: string;
  /** `file.export`, as in `index.handler`. */
  readonly handler: string;
  readonly codeFolder: string;
  readonly memoryInMiB: number;
  readonly timeoutInSeconds: number;
  /** The last part of the role's ARN; undefined when the function has no role, and so no credentials. */
  readonly roleName: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly reservedConcurrency: number | undefined;
  readonly logProject: string;
  readonly logStore: string;
  readonly asyncInvocation: {
    /** False when the file says nothing of it, and FC's defaults count. */
    readonly isSet: boolean;
    readonly retryAttempts: number;
    readonly maximumAgeInSeconds: number;
    /** ARN of the onFailure destination. */
    readonly onFailure: string | undefined;
  };
  readonly ossTriggers: readonly OssTrigger[];
  readonly timerTriggers: readonly TimerTrigger[];
}

/** Something in s.yaml that cannot be read; the message names the place. */
export class SYamlError extends Error {
  override readonly name = "SYamlError";
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads typed fields of one mapping and names the place when a field is missing or of another type. */
const reader = (value: unknown, place: string) => {
  if (!isFields(value)) throw new SYamlError(`${place} is not a mapping`);
  const wrong = (key: string, expected: string): never => {
    throw new SYamlError(`${place}.${key} is ${value[key] === undefined ? "missing" : `not ${expected}`}`);
  };
  const text = (key: string): string => {
    const found = value[key];
    return typeof found === "string" ? found : wrong(key, "a text");
  };
  const number = (key: string): number => {
    const found = value[key];
    return typeof found === "number" ? found : wrong(key, "a number");
  };
  return {
    text,
    textOr: (key: string, otherwise: string) => (value[key] === undefined ? otherwise : text(key)),
    number,
    numberOr: (key: string, otherwise: number) => (value[key] === undefined ? otherwise : number(key)),
    list: (key: string): readonly unknown[] => {
      const found = value[key] ?? [];
      return Array.isArray(found) ? found : wrong(key, "a list");
    },
    mapping: (key: string) => reader(value[key] ?? {}, `${place}.${key}`),
    required: (key: string) => reader(value[key], `${place}.${key}`),
    entries: Object.entries(value),
    place,
  };
};
type Reader = ReturnType<typeof reader>;

const expression = /\$\{([^{}]*)\}/g;
const envCall = /^env\(\s*(?:'([^']*)'|"([^"]*)")\s*(?:,\s*(?:'([^']*)'|"([^"]*)")\s*)?\)$/;
const varsPath = /^vars\.([\w.-]+)$/;

/**
 * Replaces `${…}` in every text of a parsed file, as Serverless Devs does.
 * @throws SYamlError for a variable that is neither set nor has a default, and for an unknown expression.
 */
export const interpolate = (document: unknown, variables: Readonly<Record<string, string>>): unknown => {
  const environment = new Map(Object.entries(variables));
  const evaluate = (source: string, vars: unknown): unknown => {
    const call = envCall.exec(source);
    if (call) {
      const name = call[1] ?? call[2] ?? "";
      const found = environment.get(name) ?? call[3] ?? call[4];
      if (found === undefined) throw new SYamlError(`s.yaml needs the variable ${name}`);
      return found;
    }
    const path = varsPath.exec(source)?.[1];
    if (path === undefined) throw new SYamlError(`the expression \${${source}} is not supported here`);
    const found = path
      .split(".")
      .reduce<unknown>((at, key) => (isFields(at) && Object.hasOwn(at, key) ? at[key] : undefined), vars);
    if (found === undefined) throw new SYamlError(`s.yaml has no variable vars.${path}`);
    return found;
  };
  const replace = (value: unknown, vars: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item) => replace(item, vars));
    if (isFields(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, vars)]));
    if (typeof value !== "string") return value;
    // A text that is one expression takes the value's own type.
    const whole = /^\$\{([^{}]*)\}$/.exec(value)?.[1];
    if (whole !== undefined) return evaluate(whole, vars);
    return value.replaceAll(expression, (_, source: string) => String(evaluate(source, vars)));
  };
  const vars = isFields(document) ? replace(document["vars"] ?? {}, {}) : {};
  return replace(document, vars);
};

const ossTrigger = (trigger: Reader): OssTrigger => {
  const config = trigger.required("triggerConfig");
  const key = config.required("filter").required("key");
  return {
    name: trigger.text("triggerName"),
    sourceArn: trigger.text("sourceArn"),
    events: config.list("events").map(String),
    prefix: key.text("prefix"),
    suffix: key.text("suffix"),
  };
};

const timerTrigger = (trigger: Reader): TimerTrigger => {
  const config = trigger.required("triggerConfig");
  return {
    name: trigger.text("triggerName"),
    cronExpression: config.text("cronExpression"),
    payload: config.textOr("payload", ""),
  };
};

const readFunction = (resource: unknown, place: string, folder: string): FunctionDefinition => {
  const top = reader(resource, place);
  if (top.text("component") !== "fc3") throw new SYamlError(`${place}.component is not fc3`);
  const props = top.required("props");
  const runtime = props.text("runtime");
  // The functions run on this machine's Node.js, whatever its version.
  if (!runtime.startsWith("nodejs")) throw new SYamlError(`${place}: the runtime ${runtime} is not supported here`);
  const triggers = props.list("triggers").map((item, index) => reader(item, `${props.place}.triggers[${index}]`));
  for (const trigger of triggers) {
    const type = trigger.text("triggerType");
    if (type !== "oss" && type !== "timer")
      throw new SYamlError(`${trigger.place}: ${type} triggers are not supported here`);
  }
  const ofType = (type: string) => triggers.filter((trigger) => trigger.text("triggerType") === type);
  const log = props.mapping("logConfig");
  const asyncInvocation = props.mapping("asyncInvokeConfig");
  const onFailure = asyncInvocation.mapping("destinationConfig").mapping("onFailure").textOr("destination", "");
  const role = props.textOr("role", "");
  const reserved = props.mapping("concurrencyConfig").numberOr("reservedConcurrency", Number.NaN);
  return {
    name: props.text("functionName"),
    region: props.text("region"),
    runtime,
    handler: props.text("handler"),
    codeFolder: resolve(folder, props.text("code")),
    // FC's own defaults: 512 MB, three seconds.
    memoryInMiB: props.numberOr("memorySize", 512),
    timeoutInSeconds: props.numberOr("timeout", 3),
    roleName: role === "" ? undefined : role.slice(role.lastIndexOf("/") + 1),
    environment: Object.fromEntries(
      props.mapping("environmentVariables").entries.map(([key, value]) => [key, String(value)]),
    ),
    reservedConcurrency: Number.isNaN(reserved) ? undefined : reserved,
    logProject: log.textOr("project", ""),
    logStore: log.textOr("logstore", ""),
    asyncInvocation: {
      isSet: asyncInvocation.entries.length > 0,
      retryAttempts: asyncInvocation.numberOr("maxAsyncRetryAttempts", 3),
      maximumAgeInSeconds: asyncInvocation.numberOr("maxAsyncEventAgeInSeconds", 86400),
      onFailure: onFailure === "" ? undefined : onFailure,
    },
    ossTriggers: ofType("oss").map(ossTrigger),
    timerTriggers: ofType("timer")
      .filter(
        (trigger) =>
          !trigger.required("triggerConfig").entries.some(([key, value]) => key === "enable" && value === false),
      )
      .map(timerTrigger),
  };
};

/**
 * The functions of a Serverless Devs file.
 * @param text the file
 * @param folder the file's folder, to which `code` is relative
 * @param variables what `${env('NAME')}` stands for
 * @throws SYamlError with the place and what is wrong there
 */
export const readFunctions = (
  text: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
): readonly FunctionDefinition[] => {
  const document = reader(interpolate(parse(text), variables), "s.yaml");
  return document
    .required("resources")
    .entries.map(([name, resource]) => readFunction(resource, `resources.${name}`, folder));
};

/**
 * The texts among the file's `vars`, by name.
 * @throws SYamlError as `readFunctions`
 */
export const readVars = (text: string, variables: Readonly<Record<string, string>>): Record<string, string> => {
  const document = reader(interpolate(parse(text), variables), "s.yaml");
  return Object.fromEntries(
    document.mapping("vars").entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
};
