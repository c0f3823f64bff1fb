import { appendObject } from "./append-object.ts";
import {
  deleteBucket,
  deleteBucketEncryption,
  getBucketAcl,
  getBucketEncryption,
  getBucketInfo,
  getBucketLocation,
  getBucketVersioning,
  getService,
  putBucket,
  putBucketAcl,
  putBucketEncryption,
  putBucketVersioning,
} from "./bucket-operations.ts";
import { copyObject } from "./copy-object.ts";
import { deleteMultipleObjects } from "./delete-multiple.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "./list-operations.ts";
import { listMultipartUploads, listParts } from "./multipart-listing.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  initiateMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from "./multipart-operations.ts";
import {
  deleteObjectTagging,
  getObjectAcl,
  getObjectTagging,
  getSymlink,
  putObjectAcl,
  putObjectTagging,
  putSymlink,
  restoreObject,
} from "./object-properties.ts";
import { getObject, getObjectMeta, headObject } from "./object-reading.ts";
import { deleteObject, putObject } from "./object-writing.ts";
import type { OssOperation } from "./operation.ts";
import type { BucketContext, Operation, Outcome } from "./operation-context.ts";
import { postObject } from "./post-object.ts";

const onBucket = (action: string, run: (context: BucketContext) => Outcome): Operation => ({
  needs: "bucket",
  action,
  run,
});

/** No action for the request as a whole: the operation itself asks, once it knows the keys. */
export const askedInside = "";

/** Every operation: the action that RAM policies name for it (RAM policy reference of OSS), and what it does. */
export const operations: Readonly<Record<OssOperation, Operation>> = {
  GetService: { needs: "nothing", action: "oss:ListBuckets", run: getService },
  PutBucket: { needs: "nothing", action: "oss:PutBucket", run: putBucket },
  DeleteBucket: onBucket("oss:DeleteBucket", deleteBucket),
  GetBucketInfo: onBucket("oss:GetBucketInfo", getBucketInfo),
  GetBucketLocation: onBucket("oss:GetBucketLocation", getBucketLocation),
  GetBucketVersioning: onBucket("oss:GetBucketVersioning", getBucketVersioning),
  PutBucketVersioning: onBucket("oss:PutBucketVersioning", putBucketVersioning),
  GetBucketEncryption: onBucket("oss:GetBucketEncryption", getBucketEncryption),
  PutBucketEncryption: onBucket("oss:PutBucketEncryption", putBucketEncryption),
  DeleteBucketEncryption: onBucket("oss:DeleteBucketEncryption", deleteBucketEncryption),
  GetBucketAcl: onBucket("oss:GetBucketAcl", getBucketAcl),
  PutBucketAcl: onBucket("oss:PutBucketAcl", putBucketAcl),
  ListObjects: onBucket("oss:ListObjects", listObjects),
  ListObjectsV2: onBucket("oss:ListObjects", listObjectsV2),
  ListObjectVersions: onBucket("oss:ListObjectVersions", listObjectVersions),
  ListMultipartUploads: onBucket("oss:ListMultipartUploads", listMultipartUploads),
  DeleteMultipleObjects: onBucket(askedInside, deleteMultipleObjects),
  PostObject: onBucket(askedInside, postObject),
  PutObject: onBucket("oss:PutObject", putObject),
  GetObject: onBucket("oss:GetObject", getObject),
  HeadObject: onBucket("oss:GetObject", headObject),
  GetObjectMeta: onBucket("oss:GetObject", getObjectMeta),
  DeleteObject: onBucket("oss:DeleteObject", deleteObject),
  CopyObject: onBucket("oss:PutObject", copyObject),
  AppendObject: onBucket("oss:PutObject", appendObject),
  PutSymlink: onBucket("oss:PutObject", putSymlink),
  GetSymlink: onBucket("oss:GetObject", getSymlink),
  GetObjectAcl: onBucket("oss:GetObjectAcl", getObjectAcl),
  PutObjectAcl: onBucket("oss:PutObjectAcl", putObjectAcl),
  GetObjectTagging: onBucket("oss:GetObjectTagging", getObjectTagging),
  PutObjectTagging: onBucket("oss:PutObjectTagging", putObjectTagging),
  DeleteObjectTagging: onBucket("oss:DeleteObjectTagging", deleteObjectTagging),
  RestoreObject: onBucket("oss:RestoreObject", restoreObject),
  InitiateMultipartUpload: onBucket("oss:PutObject", initiateMultipartUpload),
  UploadPart: onBucket("oss:PutObject", uploadPart),
  UploadPartCopy: onBucket("oss:PutObject", uploadPartCopy),
  CompleteMultipartUpload: onBucket("oss:PutObject", completeMultipartUpload),
  AbortMultipartUpload: onBucket("oss:AbortMultipartUpload", abortMultipartUpload),
  ListParts: onBucket("oss:ListParts", listParts),
};
