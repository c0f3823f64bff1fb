import { type Refusal, refuse } from "./errors.ts";
import type { BucketContext } from "./operation-context.ts";
import type { ObjectVersion } from "./stored-object.ts";

/** The version that a request means: that of its `versionId`, else the newest. */
export const findVersion = (context: BucketContext): ObjectVersion | Refusal =>
  findVersionOf(context, context.key, context.query.get("versionId"));

export const findVersionOf = (
  { bucket }: Pick<BucketContext, "bucket">,
  key: string,
  versionId: string | undefined,
): ObjectVersion | Refusal => {
  const versions = bucket.versions.get(key) ?? [];
  const found = versionId === undefined ? versions[0] : versions.find((version) => version.versionId === versionId);
  if (found === undefined) {
    return refuse(versionId === undefined ? "NoSuchKey" : "NoSuchVersion", { details: { Key: key } });
  }
  if (!found.isDeleteMarker) return found;
  const headers = { "x-oss-delete-marker": "true", "x-oss-version-id": found.versionId };
  if (versionId === undefined) return refuse("NoSuchKey", { details: { Key: key }, headers });
  return refuse("MethodNotAllowed", { details: { Method: "GET", ResourceType: "DeleteMarker" }, headers });
};
