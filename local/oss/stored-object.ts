/** What the store remembers of a bucket. */
export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly ownerAccountId: string;
  readonly acl: BucketAcl;
  /** Absent: versioning was never switched on. */
  readonly versioning?: "Enabled" | "Suspended";
  readonly encryption?: Encryption;
  /** ISO 8601. */
  readonly createdAt: string;
}

export type BucketAcl = "private" | "public-read" | "public-read-write";

export interface Encryption {
  readonly algorithm: "AES256" | "KMS" | "SM4";
  readonly kmsKeyId?: string;
}

type ObjectType = "Normal" | "Multipart" | "Appendable" | "Symlink";

export const storageClasses = ["Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"] as const;
export type StorageClass = (typeof storageClasses)[number];

/** What an upload says about an object beside its bytes. */
export interface ObjectAttributes {
  /** `Content-Type`, `Cache-Control` and their like, under those names. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata, lower-case names without `x-oss-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly storageClass: StorageClass;
  readonly acl: BucketAcl | "default";
  readonly encryption?: Encryption;
}

export interface ObjectContent {
  readonly type: ObjectType;
  readonly size: number;
  /** Upper-case, without quotes. */
  readonly etag: string;
  /** Unsigned decimal. Absent for a large file that was dropped into the folder: nobody has read it. */
  readonly crc64?: string;
  /** Base64; objects of one PutObject only. */
  readonly contentMd5?: string;
  readonly symlinkTarget?: string;
}

/** Where the bytes are: in the folder that the user sees, in the hidden tree, or nowhere (markers, symlinks). */
export type Location =
  | { readonly kind: "visible"; readonly modifiedInMilliseconds: number; readonly inode: number }
  | { readonly kind: "hidden"; readonly name: string }
  | { readonly kind: "none" };

export interface ObjectVersion extends ObjectAttributes, ObjectContent {
  /** `null` (the word) in a bucket that was not versioned when it was written. */
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  /** ISO 8601, whole seconds. */
  readonly lastModified: string;
  readonly location: Location;
  readonly restore?: Restore;
}

/** A restore of an archived object: under way until the first time, readable until the second. Both ISO 8601. */
export interface Restore {
  readonly readyAt: string;
  readonly expiresAt: string;
}

export const plainAttributes: ObjectAttributes = {
  headers: {},
  metadata: {},
  tags: [],
  storageClass: "Standard",
  acl: "default",
};

const isArchive = (storageClass: StorageClass): boolean => storageClass !== "Standard" && storageClass !== "IA";

type RestoreState = "none" | "ongoing" | "readable";

export const restoreState = (version: ObjectVersion, now: Date): RestoreState => {
  if (version.restore === undefined || now >= new Date(version.restore.expiresAt)) return "none";
  return now < new Date(version.restore.readyAt) ? "ongoing" : "readable";
};

/** Whether the object can be read: not of an archive class, or restored. */
export const isReadable = (version: ObjectVersion, now: Date): boolean =>
  !isArchive(version.storageClass) || restoreState(version, now) === "readable";

export const needsRestore = (version: ObjectVersion): boolean => isArchive(version.storageClass);
