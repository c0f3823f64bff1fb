import * as ecsModule from "@alicloud/ecs20140526";
import * as openApi from "@alicloud/openapi-client";
import type { Credentials } from "./generic-client.ts";

// The class hangs one level deeper when Node, not the test runner, loads the CommonJS module.
const EcsClient = ecsModule.default.default ?? ecsModule.default;
export type OfficialClient = InstanceType<typeof EcsClient>;

/** The unmodified official client; `v2` is the name that it gives the older RPC signature. */
export const officialClient = (
  endpoint: string,
  { accessKeyId, accessKeySecret, securityToken }: Credentials,
  { protocol = "http", signatureAlgorithm }: { readonly protocol?: string; readonly signatureAlgorithm?: "v2" } = {},
): OfficialClient =>
  new EcsClient(
    new openApi.Config({ endpoint, protocol, accessKeyId, accessKeySecret, securityToken, signatureAlgorithm }),
  );
