/** What the embedded ECS may know of the embedded OSS: enough to check and to read what it imports. */
export interface BucketFacts {
  readonly name: string;
  readonly region: string;
  readonly ownerAccountId: string;
  /** `AES256` or `KMS` when the bucket encrypts by default. */
  readonly encryption: string | undefined;
}

export interface StoredObjectFacts {
  readonly key: string;
  readonly size: number;
  /** Upper-case, without quotes. */
  readonly etag: string;
  readonly storageClass: string;
  /** True when the object can be read: not an archive, or a restored one. */
  readonly readable: boolean;
  readonly encryption: string | undefined;
  read(offset: number, length: number): Promise<Buffer>;
}

export interface ObjectLookup {
  bucket(name: string): BucketFacts | undefined;
  object(bucket: string, key: string): Promise<StoredObjectFacts | undefined>;
}
