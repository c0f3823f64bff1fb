/** The validators of an object that conditions are held against. */
interface Validators {
  /** Upper-case, without quotes. */
  readonly etag: string;
  readonly lastModified: Date;
}

export interface Conditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

type ConditionResult =
  | { readonly kind: "met" }
  | { readonly kind: "not-modified" }
  /** `condition` is the header's name, as OSS reports it. */
  | { readonly kind: "failed"; readonly condition: string };

/** The conditions of a request: of GET and HEAD, or with the prefix `x-oss-copy-source-` those on a copy's source. */
export const conditionsOf = (header: (name: string) => string | undefined, prefix = ""): Conditions => ({
  ifMatch: header(`${prefix}if-match`),
  ifNoneMatch: header(`${prefix}if-none-match`),
  ifModifiedSince: header(`${prefix}if-modified-since`),
  ifUnmodifiedSince: header(`${prefix}if-unmodified-since`),
});

/** In the order of RFC 9110 section 13.2.2: an entity tag outranks the date of the same sense. */
export const evaluateConditions = (conditions: Conditions, object: Validators): ConditionResult => {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) return { kind: "failed", condition: "If-Match" };
  } else if (ifUnmodifiedSince !== undefined && isLater(object.lastModified, ifUnmodifiedSince)) {
    return { kind: "failed", condition: "If-Unmodified-Since" };
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, object.etag)) return { kind: "not-modified" };
  } else if (ifModifiedSince !== undefined && isLater(object.lastModified, ifModifiedSince) === false) {
    return { kind: "not-modified" };
  }
  return { kind: "met" };
};

const matches = (header: string, etag: string): boolean =>
  header.split(",").some((candidate) => {
    const tag = candidate.trim().replace(/^"(.*)"$/, "$1");
    return tag === "*" || tag.toUpperCase() === etag;
  });

/** Whole seconds, as HTTP dates have no more. A date that cannot be read says nothing. */
const isLater = (modified: Date, header: string): boolean | undefined => {
  const given = Date.parse(header);
  return Number.isNaN(given) ? undefined : Math.floor(modified.getTime() / 1000) > Math.floor(given / 1000);
};
