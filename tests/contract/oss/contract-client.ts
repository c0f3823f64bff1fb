import OSS from "ali-oss";

/** Methods that ali-oss 6.23 has and its typings lack, or type too narrowly. */
interface UntypedMethods {
  getObjectMeta(key: string): Promise<{ res: { headers: Record<string, string> } }>;
  putObjectTagging(key: string, tags: Record<string, string>): Promise<unknown>;
  getObjectTagging(key: string): Promise<{ tag: Record<string, string> }>;
  deleteObjectTagging(key: string): Promise<unknown>;
  getBucketVersioning(bucket: string): Promise<{ versionStatus: string | undefined }>;
  getBucketEncryption(bucket: string): Promise<unknown>;
  restore(key: string): Promise<{ res: { status: number } }>;
  uploadPart(
    key: string,
    id: string,
    number: number,
    file: Buffer,
    start: number,
    end: number,
  ): Promise<{ etag: string }>;
  completeMultipartUpload(key: string, id: string, parts: readonly Part[]): Promise<{ etag: string }>;
  multipartUploadCopy(
    key: string,
    source: { sourceKey: string; sourceBucketName: string },
    options: object,
  ): Promise<unknown>;
}

export interface Part {
  readonly number: number;
  readonly etag: string;
}

export type Client = Omit<OSS, keyof UntypedMethods> & UntypedMethods;

export const createClient = (options: ClientOptions): Client => new OSS(options) as unknown as Client;

export const headersOf = ({ res }: { res: { headers: object } }) => res.headers as Record<string, string>;

type ClientOptions = OSS.Options & { readonly bucket: string };

/** A bucket to run the contract on: that of the embedded OSS, or one of the real service. */
export interface OssTarget {
  /** Long-lived keys that may do everything in an empty bucket that was never versioned. */
  readonly keys: ClientOptions;
  /** Session credentials for the same bucket. */
  readonly session: ClientOptions;
  /** Empties and removes the bucket. */
  dispose(): Promise<void>;
}

/** What the parts of the contract are given, once the target is made. */
export interface Given {
  /** Signs in the way that the contract runs with. */
  readonly client: Client;
  /** The options of that client. */
  readonly options: ClientOptions;
  /** Options with long-lived keys that sign in the same way. */
  readonly keys: ClientOptions;
}
