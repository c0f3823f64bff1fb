// fc3's schema lets unknown properties pass, so a misspelt one is silently a default. This walk does not.
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

type Schema = { readonly [key: string]: unknown };
const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const schema: Schema = JSON.parse(readFileSync("tests/fixtures/fc3-schema.json", "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(schema, "fc3");

/** The schema's `anyOf` for a trigger's configuration takes any mapping, so the type has to choose. */
const triggerConfigs: Readonly<Record<string, string>> = {
  oss: "IOssTriggerConfig",
  timer: "ITimerTriggerConfig",
  http: "IHttpTriggerConfig",
  log: "ILogTriggerConfig",
  mns_topic: "IMnsTriggerConfig",
  cdn_events: "ICdnTriggerConfig",
  eventbridge: "IEventBridge",
  tablestore: "IOtsConfig",
};

const resolve = (at: unknown): Schema => {
  if (!isObject(at)) return {};
  const reference = at["$ref"];
  if (typeof reference !== "string") return at;
  const definitions = schema["definitions"];
  return isObject(definitions) ? resolve(definitions[reference.slice("#/definitions/".length)]) : {};
};

/** Pointers of the properties that the schema does not name. */
const unknownProperties = (value: unknown, given: unknown, pointer: string): readonly string[] => {
  const at = resolve(given);
  if (Array.isArray(at["anyOf"])) {
    const each = at["anyOf"].map((alternative) => unknownProperties(value, alternative, pointer));
    return each.reduce((fewest, next) => (next.length < fewest.length ? next : fewest));
  }
  if (Array.isArray(value))
    return value.flatMap((item, index) => unknownProperties(item, at["items"], `${pointer}/${index}`));
  if (!isObject(value)) return [];
  const known = isObject(at["properties"]) ? at["properties"] : {};
  return Object.entries(value).flatMap(([name, item]) => {
    if (Object.hasOwn(known, name)) return unknownProperties(item, known[name], `${pointer}/${name}`);
    return isObject(at["additionalProperties"]) ? [] : [`${pointer}/${name} is unknown`];
  });
};

const wrongTriggers = (props: Schema): readonly string[] => {
  const triggers = Array.isArray(props["triggers"]) ? props["triggers"].filter(isObject) : [];
  return triggers.flatMap((trigger, index) => {
    const definition = triggerConfigs[String(trigger["triggerType"])];
    if (definition === undefined) return [`/triggers/${index} is of no type that fc3 has`];
    const reference = { $ref: `fc3#/definitions/${definition}` };
    const pointer = `/triggers/${index}/triggerConfig`;
    const valid = ajv.validate(reference, trigger["triggerConfig"]);
    return [
      ...(valid ? [] : [`${pointer} ${ajv.errorsText()}`]),
      ...unknownProperties(trigger["triggerConfig"], { $ref: `#/definitions/${definition}` }, pointer),
    ];
  });
};

const only = (value: Schema, names: readonly string[], place: string): readonly string[] =>
  Object.keys(value)
    .filter((name) => !names.includes(name))
    .map((name) => `${place}/${name} is unknown`);

/** Every problem of an interpolated s.yaml; empty when there is none. */
export const problemsOf = (document: unknown): readonly string[] => {
  if (!isObject(document)) return ["not a mapping"];
  const resources = isObject(document["resources"]) ? document["resources"] : {};
  const actions = isObject(document["actions"]) ? document["actions"] : {};
  return [
    ...only(document, ["edition", "name", "access", "vars", "actions", "resources"], ""),
    ...["edition", "name", "access", "resources"]
      .filter((name) => !(name in document))
      .map((name) => `/${name} is missing`),
    ...Object.entries(actions).flatMap(([name, steps]) => [
      ...(/^(pre|success|fail|complete)-deploy$/.test(name) ? [] : [`/actions/${name} is unknown`]),
      ...(Array.isArray(steps) ? steps.filter(isObject) : []).flatMap((step) => [
        ...only(step, ["run", "path"], `/actions/${name}`),
        ...("run" in step && "path" in step ? [] : [`/actions/${name} needs run and path`]),
      ]),
    ]),
    ...Object.entries(resources).flatMap(([name, resource]) => {
      if (!isObject(resource) || !isObject(resource["props"])) return [`/resources/${name} has no props`];
      const props = resource["props"];
      const valid = ajv.validate("fc3", props);
      return [
        ...only(resource, ["component", "props"], `/resources/${name}`),
        ...(resource["component"] === "fc3" ? [] : [`/resources/${name}/component is not fc3`]),
        ...(valid ? [] : [`/resources/${name}/props ${ajv.errorsText()}`]),
        ...unknownProperties(props, schema, `/resources/${name}/props`),
        ...wrongTriggers(props).map((problem) => `/resources/${name}/props${problem}`),
      ];
    }),
  ];
};
