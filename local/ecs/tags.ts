import { firstRefusal, type Refusal, refuse } from "./errors.ts";
import { items, type Parameters } from "./parameters.ts";

export const mostTags = 20;

const hasAddress = (value: string): boolean => value.includes("http://") || value.includes("https://");

/** `Tag.N.Key` and `Tag.N.Value`, N from 1 to 20, checked. Some tools write the fields in lower case. */
export const readTags = (parameters: Parameters): ReadonlyMap<string, string> | Refusal => {
  const tags = items(parameters, "Tag").map(({ fields }) => ({
    key: fields.get("Key") ?? fields.get("key") ?? "",
    value: fields.get("Value") ?? fields.get("value") ?? "",
  }));
  if (tags.length > mostTags) return refuse("NumberExceed.Tags");
  const refusal = firstRefusal(
    tags.map(({ key, value }) => () => {
      if (key === "" || [...key].length > 128 || /^(aliyun|acs:)/.test(key) || hasAddress(key))
        return refuse("InvalidTagKey.Malformed");
      if ([...value].length > 128 || value.startsWith("acs:") || hasAddress(value))
        return refuse("InvalidTagValue.Malformed");
      return undefined;
    }),
  );
  if (refusal !== undefined) return refusal;
  if (new Set(tags.map(({ key }) => key.toLowerCase())).size < tags.length) return refuse("TagKey.Duplication");
  return new Map(tags.map(({ key, value }) => [key, value]));
};
