import type { PolicyDocument } from "../wire/identities.ts";

/** A role that a service of the cloud may assume. */
export interface Role {
  /** The services of the trust policy, e.g. `ecs.aliyuncs.com`. */
  readonly trustedServices: readonly string[];
  readonly policies: readonly PolicyDocument[];
}

/** The roles of the embedded account by name; set and delete at any time. */
export type Roles = Map<string, Role>;

export const imageImportRoleName = "AliyunECSImageImportDefaultRole";
export const cloudBoxImageImportRoleName = "AliyunECSCloudBoxImageImportDefaultRole";

/** The trust and policy that the reference of ImportImage asks for. */
export const imageImportRole: Role = {
  trustedServices: ["ecs.aliyuncs.com"],
  policies: [
    {
      Version: "1",
      Statement: [
        { Effect: "Allow", Action: ["oss:GetObject", "oss:GetBucketLocation", "oss:GetBucketInfo"], Resource: "*" },
      ],
    },
  ],
};

/** An account that has followed the reference of ImportImage. */
export const preparedRoles = (): Roles => new Map([[imageImportRoleName, imageImportRole]]);
