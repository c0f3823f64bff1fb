import * as ecsModule from "@alicloud/ecs20140526";
import * as openApi from "@alicloud/openapi-client";
import type { Identity } from "../../../local/wire/identities.ts";

// The class hangs one level deeper when Node, not the test runner, loads the CommonJS module.
const EcsClient = ecsModule.default.default ?? ecsModule.default;
export type OfficialClient = InstanceType<typeof EcsClient>;

/** The unmodified official client; `v2` is the name that it gives the older RPC signature. */
export const officialClient = (
  endpoint: string,
  { accessKeyId, accessKeySecret, securityToken }: Pick<Identity, "accessKeyId" | "accessKeySecret" | "securityToken">,
  signatureAlgorithm?: "v2",
): OfficialClient =>
  new EcsClient(
    new openApi.Config({ endpoint, protocol: "http", accessKeyId, accessKeySecret, securityToken, signatureAlgorithm }),
  );
