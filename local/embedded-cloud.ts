/** OSS, ECS and Function Compute on one machine, wired as an s.yaml says: what `npm start` and the tests run on. */
import { join } from "node:path";
import { type Clock, systemClock } from "../shared/clock.ts";
import type { EcsServer } from "./ecs/server.ts";
import { createEcsServer } from "./ecs/server.ts";
import type { EcsSettings } from "./ecs/settings.ts";
import { createFcHost, type FcHost, type FcHostOptions } from "./fc/fc-host.ts";
import { createOssServer, type OssServer, type OssServerOptions } from "./oss/server.ts";
import { authorize } from "./ram/authorization.ts";
import { createIdentities } from "./ram/identities.ts";
import { preparedRoles, type Roles } from "./ram/roles.ts";
import { type Faults, noFaults } from "./wire/faults.ts";
import type { Identities, PermissionQuestion } from "./wire/identities.ts";

/** Everything about the account is synthetic, and valid on the embedded cloud only. */
export const embeddedAccount = {
  accountId: "1234567890123456",
  accessKeyId: "LTAI5tEmbeddedCloudKey01",
  accessKeySecret: "embedded-cloud-secret-not-a-real-one",
} as const;

export interface EmbeddedCloudOptions {
  readonly region: string;
  readonly dataDirectory: string;
  readonly buckets: readonly string[];
  readonly ports?: { readonly oss?: number; readonly ecs?: number; readonly fc?: number };
  readonly clock?: Clock;
  /** Hears of whatever a role asks to do, and whether it may. */
  readonly onPermissionQuestion?: (roleName: string, question: PermissionQuestion) => void;
  /** The clock that callers sign by, where `clock` is not the machine's. */
  readonly signingClock?: Clock;
  readonly ecsSettings?: Partial<EcsSettings>;
  readonly ossOptions?: Pick<OssServerOptions, "eventShape" | "restoreSeconds">;
  /** Absent: an account without functions. `environment` gets the endpoints once they are known. */
  readonly functions?: Omit<
    FcHostOptions,
    "clock" | "signingClock" | "identities" | "faults" | "accountId" | "environment"
  > & {
    environment(endpoints: { readonly oss: string; readonly ecs: string }): Readonly<Record<string, string>>;
  };
}

export interface EmbeddedCloud {
  readonly region: string;
  readonly account: typeof embeddedAccount;
  readonly identities: Identities;
  readonly roles: Roles;
  readonly faults: Faults;
  readonly oss: OssServer;
  readonly ecs: EcsServer;
  readonly fc: FcHost | undefined;
  /** `http://127.0.0.1:PORT`; ECS clients want host and port alone. */
  readonly endpoints: { readonly oss: string; readonly ecs: string; readonly fc: string | undefined };
  close(): Promise<void>;
}

/** Starts all services. Rejects with the error of the first port that cannot be had, after closing the others. */
export async function startEmbeddedCloud(options: EmbeddedCloudOptions): Promise<EmbeddedCloud> {
  const { region, ports = {}, clock = systemClock, signingClock = clock, functions } = options;
  const { accountId } = embeddedAccount;
  const identities = createIdentities([embeddedAccount], options.onPermissionQuestion);
  const roles = preparedRoles();
  const faults = noFaults();
  let fc: FcHost | undefined;
  const oss = await createOssServer({
    ...options.ossOptions,
    clock,
    signingClock,
    identities,
    faults,
    region,
    accountId,
    authorize,
    dataDirectory: join(options.dataDirectory, "oss"),
    onObjectEvent: (event) => void fc?.deliverOssEvent(event),
  });
  for (const name of options.buckets) await oss.createBucket(name);
  const ecs = createEcsServer({
    clock,
    signingClock,
    identities,
    faults,
    roles,
    region,
    accountId,
    objects: oss.lookup,
    settings: options.ecsSettings ?? {},
  });
  const close = async (): Promise<void> => {
    await fc?.close();
    await Promise.all([oss.close(), ecs.close()]);
  };
  try {
    const { endpoint: ossEndpoint } = await oss.listen(ports.oss ?? 0);
    const ecsEndpoint = `http://127.0.0.1:${(await ecs.listen(ports.ecs ?? 0)).port}`;
    let fcEndpoint: string | undefined;
    if (functions) {
      const environment = functions.environment({ oss: ossEndpoint, ecs: ecsEndpoint });
      fc = createFcHost({ ...functions, clock, signingClock, identities, faults, accountId, environment });
      fcEndpoint = (await fc.listen(ports.fc ?? 0)).endpoint;
    }
    return {
      region,
      account: embeddedAccount,
      identities,
      roles,
      faults,
      oss,
      ecs,
      fc,
      endpoints: { oss: ossEndpoint, ecs: ecsEndpoint, fc: fcEndpoint },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
