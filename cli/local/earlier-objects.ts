/**
 * Images that an earlier run has left in the bucket. The embedded ECS forgets its imports and images when it stops, so each of
 * them is imported again at the next start: that costs seconds, and an image that nobody looks at would be lost unsaid.
 */
import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";
import { objectEvent } from "../../local/oss/events.ts";
import { newRequestId } from "../../local/oss/pipeline.ts";
import { systemClock } from "../../shared/clock.ts";
import type { ListedObject, ObjectStore } from "../../shared/cloud/ports.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { localBucket, localRegion } from "./deployed-locally.ts";

/** The images and manifests that the bucket has. Rejects with a CloudError. */
export async function objectsOfBucket(objects: ObjectStore): Promise<readonly ListedObject[]> {
  const found: ListedObject[] = [];
  for (let startAfter: string | undefined; ; ) {
    const page = await objects.list(localBucket, { prefix: "", ...(startAfter === undefined ? {} : { startAfter }) });
    found.push(...page.objects.filter(({ key }) => isImage(key) || isManifest(key)));
    startAfter = page.objects.at(-1)?.key;
    if (!page.more || startAfter === undefined) return found;
  }
}

const isImage = (key: string): boolean => objectKind(key).kind === "image";
const isManifest = (key: string): boolean => ["sidecar", "bucket-manifest"].includes(objectKind(key).kind);

/**
 * Pure: what was there `before`, is there `now` as it was, and is not uploaded by this run. What was changed or taken away
 * while nothing ran has events of its own by now.
 */
export function leftOver(
  before: readonly ListedObject[],
  now: readonly ListedObject[],
  uploaded: ReadonlySet<string>,
): readonly ListedObject[] {
  const earlier = new Set(before.map(versionOf));
  return now.filter((object) => earlier.has(versionOf(object)) && !uploaded.has(object.key));
}

const versionOf = ({ key, etag, lastModified }: ListedObject): string =>
  JSON.stringify([key, etag, lastModified.getTime()]);

/** Pure: what the user is told of them; undefined when there is no image among them. */
export function wordsOn(left: readonly ListedObject[], isOnce: boolean): string | undefined {
  const count = left.filter(({ key }) => isImage(key)).length;
  if (count === 0) return undefined;
  const [images, are, them] = count === 1 ? ["1 disk image", "is", "it"] : [`${count} disk images`, "are", "them"];
  return isOnce
    ? `${images} of an earlier run ${are} left alone: start without --once to import ${them} again.`
    : `${images} of an earlier run ${are} imported again: the embedded ECS has forgotten ${them}.`;
}

/**
 * Uploads them once more, as far as the functions can tell. The manifests come first: a disk is found to be a part of a set that
 * is described elsewhere only after that. However many images there are, the function has but a few instances for them.
 */
export async function deliverAgain(left: readonly ListedObject[], cloud: EmbeddedCloud): Promise<void> {
  for (const { key, etag, size } of left) if (isManifest(key)) deliver({ key, etag, size }, cloud);
  await cloud.fc?.idle();
  for (const { key, etag, size } of left) if (isImage(key)) deliver({ key, etag, size }, cloud);
}

function deliver(object: Pick<ListedObject, "key" | "etag" | "size">, { fc, account: { accountId } }: EmbeddedCloud) {
  const facts = { name: "ObjectCreated:PutObject", ...object, deltaSize: object.size } as const;
  fc?.deliverOssEvent(
    objectEvent(
      facts,
      {
        bucket: { name: localBucket, region: localRegion, ownerAccountId: accountId },
        time: systemClock.now(),
        requestId: newRequestId(),
        sourceIPAddress: "127.0.0.1",
        principalId: accountId,
      },
      {},
    ),
  );
}
