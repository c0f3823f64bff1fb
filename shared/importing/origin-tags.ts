/**
 * Tags that tie an image to the object that it was made from. They survive everything else: the guard against a second
 * import after a lost answer looks for `attemptTag`. Four of ECS's twenty tags; users have the other sixteen.
 */
export const attemptTag = "oss-image-import:attempt";

export interface Origin {
  readonly jobId: string;
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
}

/** Tag values hold at most 128 characters, do not begin with `acs:`, and hold no http:// or https:// (ECS, tag rules). */
export function originTags(origin: Origin): readonly { readonly Key: string; readonly Value: string }[] {
  const source = `oss:${origin.bucket}/${origin.key}`.replace(/(https?):\/{2,}/gi, "$1:");
  return [
    { Key: "oss-image-import:job", Value: origin.jobId },
    { Key: "oss-image-import:source", Value: Array.from(source).slice(0, 128).join("").slice(0, 128) },
    { Key: "oss-image-import:etag", Value: origin.etag.slice(0, 128) },
  ];
}
