/** RFC 3986: everything but unreserved characters is escaped, `!'()*` too. */
export const encodeStrictly = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Names and values of a query or form, decoded; `undefined` when an escape is malformed. `+` is a space, as in forms. */
export const decodeForm = (form: string): readonly (readonly [string, string])[] | undefined => {
  try {
    return form
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const equals = pair.indexOf("=");
        const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
        return [decode(name), decode(value)] as const;
      });
  } catch {
    return undefined;
  }
};

const decode = (part: string): string => decodeURIComponent(part.replaceAll("+", " "));

/** `a=1&b=2`, sorted by name and strictly escaped: clients leave `!'()*` raw in the URL but sign them escaped. */
export const canonicalQuery = (parameters: Iterable<readonly [string, string]>): string =>
  [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
    .join("&");
