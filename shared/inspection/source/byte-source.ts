/**
 * Where an inspection reads from. Containers stack on it: a qcow2 reader is itself a ByteSource whose bytes are the
 * virtual disk's, so partition and filesystem readers do not know what lies below them.
 */
export interface ByteSource {
  /** Bytes that can be read: of the object, or of the virtual disk for a container. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`. Reading beyond `size` throws a MalformedImage: offsets in images are hostile.
   * The returned bytes must not be modified: they may be a view of a cache.
   */
  read(offset: number, length: number): Promise<Buffer>;
}

/** The image contradicts its own format, e.g. a table that points past the end. Ends in the finding `image.malformed`. */
export class MalformedImage extends Error {
  override readonly name = "MalformedImage";
}

/** A limit of this reader was met, or a feature is not understood: "cannot tell", never a reason to block. */
export class CannotTell extends Error {
  override readonly name = "CannotTell";
}

/** The object is not the one the inspection began with (412 on If-Match): start over. */
export class SourceChanged extends Error {
  override readonly name = "SourceChanged";
}

/** The source itself could not be read (network, permissions, missing file). */
export class SourceUnreadable extends Error {
  override readonly name = "SourceUnreadable";
}
