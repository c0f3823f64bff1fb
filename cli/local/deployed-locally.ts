import { join } from "node:path";
import {
  type EmbeddedCloud,
  type EmbeddedCloudOptions,
  embeddedAccount,
  startEmbeddedCloud,
} from "../../local/embedded-cloud.ts";
import { policiesInFolder } from "../../local/fc/role-policies.ts";

type Functions = NonNullable<EmbeddedCloudOptions["functions"]>;

export const localRegion = "cn-hangzhou";
export const localBucket = "images";
export const localStateBucket = "images-import-state";

export interface DeployedLocallyOptions
  extends Pick<
    EmbeddedCloudOptions,
    "dataDirectory" | "ports" | "ecsSettings" | "ossOptions" | "clock" | "onPermissionQuestion"
  > {
  /** Where s.yaml, ram/ and dist/ lie. */
  readonly packageRoot: string;
  readonly tickSeconds?: number;
  readonly automaticTimers?: boolean;
  readonly logLevel?: string;
  readonly onLogLine?: NonNullable<Functions["onLogLine"]>;
  readonly functions?: Partial<Functions>;
}

/**
 * The product on the embedded cloud: the built functions, wired by the same s.yaml and held to the same RAM policies as
 * in a real account.
 */
export function deployLocally(options: DeployedLocallyOptions): Promise<EmbeddedCloud> {
  const { packageRoot, tickSeconds, automaticTimers, onLogLine, logLevel, functions, ...cloud } = options;
  const { accountId } = embeddedAccount;
  const names = { region: localRegion, accountId, bucket: localBucket, stateBucket: localStateBucket };
  const variables = {
    IMPORT_REGION: localRegion,
    IMPORT_ACCOUNT_ID: accountId,
    IMPORT_BUCKET: localBucket,
    IMPORT_STATE_BUCKET: localStateBucket,
  };
  return startEmbeddedCloud({
    ...cloud,
    region: localRegion,
    buckets: [localBucket, localStateBucket],
    functions: {
      sYamlPath: join(packageRoot, "s.yaml"),
      variables,
      rolePolicies: policiesInFolder(join(packageRoot, "ram"), {
        ...names,
        logProject: "local",
        logStore: "local",
        failureQueue: "local",
      }),
      environment: (endpoints) => ({
        OSS_ENDPOINT: endpoints.oss,
        ECS_ENDPOINT: endpoints.ecs,
        ...(logLevel ? { LOG_LEVEL: logLevel } : {}),
      }),
      ...(tickSeconds === undefined ? {} : { tickSeconds }),
      ...(automaticTimers === undefined ? {} : { automaticTimers }),
      ...(onLogLine === undefined ? {} : { onLogLine }),
      ...functions,
    },
  });
}
