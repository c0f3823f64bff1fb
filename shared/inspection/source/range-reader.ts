/** Port: anything that gives ranges of one unchanging object, e.g. a file, a URL or an object in a bucket. */
export interface RangeReader {
  /** The name of the source for people; holds no secret. */
  describe(): string;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly etag?: string;
  /**
   * Exactly these bytes, which lie within `size`. Throws SourceUnreadable when they cannot be had and SourceChanged
   * when the object is no longer the one that was opened.
   */
  readRange(offset: number, length: number): Promise<Buffer>;
  /** The first bytes, where opening had to fetch them to learn the size, and the requests which that took. */
  readonly opening?: { readonly bytes: Buffer; readonly requests: number };
  close?(): Promise<void>;
}
