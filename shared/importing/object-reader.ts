import type { ObjectFacts, ObjectRef, ObjectStore } from "../cloud/ports.ts";
import type { RangeReader } from "../inspection/source/range-reader.ts";

/** Ranges of one version of an object: a replaced object is noticed (If-Match), never read half and half. */
export function objectReader(
  objects: ObjectStore,
  object: ObjectRef,
  facts: Pick<ObjectFacts, "size" | "etag">,
): RangeReader {
  return {
    describe: () => `oss://${object.bucket}/${object.key}`,
    size: facts.size,
    etag: facts.etag,
    readRange: (offset, length) => objects.readRange(object, { offset, length, etag: facts.etag }),
  };
}
