/** One function of s.yaml with its instances: what their environment, context and credentials are. */
import { existsSync } from "node:fs";
import type { Clock } from "../../shared/clock.ts";
import type { Identities, Identity, PolicyDocument } from "../wire/identities.ts";
import { createFunctionPool, type FunctionPool } from "./function-pool.ts";
import type { LogStream } from "./function-process.ts";
import type { InvocationMessage } from "./invocation-message.ts";
import { type FunctionDefinition, SYamlError } from "./s-yaml.ts";

export interface LogLine {
  readonly function: string;
  /** Undefined for what a function writes between invocations. */
  readonly requestId: string | undefined;
  readonly text: string;
  readonly stream: LogStream;
}

export interface InstanceOptions {
  readonly clock: Clock;
  readonly identities: Identities;
  readonly accountId: string;
  readonly bootstrapPath: string;
  /** Set over the environment variables of every function, as for the endpoints of the embedded OSS and ECS. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The policies of a function's role. Undefined, or without this option: the role may do everything. */
  rolePolicies?(roleName: string): readonly PolicyDocument[] | undefined;
  /** Instances of each function at most: 4, or a function's reserved concurrency. By function name. */
  readonly maximumInstances?: Readonly<Record<string, number>>;
  readonly idleInstanceSeconds?: number;
  /** The timeout of every function, instead of its own. */
  readonly timeoutInSeconds?: number;
  onLogLine?(line: LogLine): void;
}

export interface HostedFunction {
  readonly definition: FunctionDefinition;
  readonly arn: string;
  readonly pool: FunctionPool;
  /** What an instance is sent for an invocation; with new credentials. */
  message(requestId: string, event: Buffer, retryCount: number): InvocationMessage;
}

const defaultMaximumInstances = 4;
const defaultIdleInSeconds = 180;
/** FC assumes the role for up to 36 hours. */
const sessionInSeconds = 36 * 60 * 60;

/** What a process needs to run at all; FC sets these too. Nothing of this process's environment is passed on. */
const baseEnvironment = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/tmp", LANG: "C.UTF-8", TZ: "UTC" };

/** @throws SYamlError when the function has not been built */
export const hostFunction = (definition: FunctionDefinition, options: InstanceOptions): HostedFunction => {
  const { name, handler, memoryInMiB, region, codeFolder, roleName } = definition;
  const { accountId, clock, identities } = options;
  const timeoutInSeconds = options.timeoutInSeconds ?? definition.timeoutInSeconds;
  for (const path of [codeFolder, options.bootstrapPath]) {
    if (!existsSync(path)) throw new SYamlError(`${path}, which ${name} runs, does not exist: build it first`);
  }

  const policies = roleName === undefined ? undefined : options.rolePolicies?.(roleName);
  const newSession = (): Identity | undefined => {
    if (roleName === undefined) return undefined;
    return identities.issueSession({
      roleName,
      accountId,
      seconds: sessionInSeconds,
      now: clock.now(),
      ...(policies === undefined ? {} : { policies }),
    });
  };

  const environment = (instanceId: string): Record<string, string> => {
    const session = newSession();
    return {
      ...baseEnvironment,
      ...definition.environment,
      ...options.environment,
      FC_FUNC_CODE_PATH: codeFolder,
      FC_ACCOUNT_ID: accountId,
      FC_REGION: region,
      FC_FUNCTION_NAME: name,
      FC_FUNCTION_HANDLER: handler,
      FC_FUNCTION_MEMORY_SIZE: String(memoryInMiB),
      FC_INSTANCE_ID: instanceId,
      FC_VER_ID: "LATEST",
      ...(session === undefined
        ? {}
        : {
            ALIBABA_CLOUD_ACCESS_KEY_ID: session.accessKeyId,
            ALIBABA_CLOUD_ACCESS_KEY_SECRET: session.accessKeySecret,
            ALIBABA_CLOUD_SECURITY_TOKEN: session.securityToken ?? "",
          }),
    };
  };

  return {
    definition,
    arn: `acs:fc:${region}:${accountId}:functions/${name}/LATEST`,
    pool: createFunctionPool({
      bootstrapPath: options.bootstrapPath,
      codeFolder,
      memoryInMiB,
      timeoutInSeconds,
      maximumInstances: options.maximumInstances?.[name] ?? definition.reservedConcurrency ?? defaultMaximumInstances,
      idleInSeconds: options.idleInstanceSeconds ?? defaultIdleInSeconds,
      environment,
      onLine: (text, stream, requestId) => options.onLogLine?.({ function: name, requestId, text, stream }),
    }),
    message: (requestId, event, retryCount) => {
      const session = newSession();
      return {
        requestId,
        event,
        context: {
          // Empty without a role, as in FC.
          credentials: {
            accessKeyId: session?.accessKeyId ?? "",
            accessKeySecret: session?.accessKeySecret ?? "",
            securityToken: session?.securityToken ?? "",
          },
          function: { name, handler, memory: memoryInMiB, timeout: timeoutInSeconds },
          service: {
            name: "",
            logProject: definition.logProject,
            logStore: definition.logStore,
            qualifier: "LATEST",
            versionId: "",
          },
          region,
          accountId,
          retryCount,
        },
      };
    },
  };
};
