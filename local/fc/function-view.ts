/** What FC 3.0 tells of a function and its triggers, as far as an s.yaml says it. Members as in `@alicloud/fc20230330`. */
import type { FunctionDefinition } from "./s-yaml.ts";

/** What GetFunction answers. `environment` is set over the function's own variables. */
export const functionView = (
  definition: FunctionDefinition,
  accountId: string,
  environment: Readonly<Record<string, string>>,
) => ({
  functionName: definition.name,
  functionArn: `acs:fc:${definition.region}:${accountId}:functions/${definition.name}`,
  runtime: definition.runtime,
  handler: definition.handler,
  memorySize: definition.memoryInMiB,
  timeout: definition.timeoutInSeconds,
  ...(definition.roleName === undefined ? {} : { role: `acs:ram::${accountId}:role/${definition.roleName}` }),
  environmentVariables: { ...definition.environment, ...environment },
  state: "Active",
  lastUpdateStatus: "Successful",
});

/** What GetAsyncInvokeConfig answers; undefined when s.yaml has no `asyncInvokeConfig`. */
export const asyncConfigView = ({ name, region, asyncInvocation }: FunctionDefinition, accountId: string) =>
  asyncInvocation.isSet
    ? {
        functionArn: `acs:fc:${region}:${accountId}:functions/${name}`,
        asyncTask: false,
        maxAsyncRetryAttempts: asyncInvocation.retryAttempts,
        maxAsyncEventAgeInSeconds: asyncInvocation.maximumAgeInSeconds,
        destinationConfig:
          asyncInvocation.onFailure === undefined ? {} : { onFailure: { destination: asyncInvocation.onFailure } },
      }
    : undefined;

/** What ListTriggers answers, all in one page: a function has ten at most. `triggerConfig` is JSON in a text, as in FC. */
export const triggerViews = ({ ossTriggers, timerTriggers }: FunctionDefinition) => [
  ...ossTriggers.map(({ name, sourceArn, events, prefix, suffix }) => ({
    triggerName: name,
    triggerType: "oss",
    sourceArn,
    qualifier: "LATEST",
    triggerConfig: JSON.stringify({ events, filter: { key: { prefix, suffix } } }),
  })),
  ...timerTriggers.map(({ name, cronExpression, payload }) => ({
    triggerName: name,
    triggerType: "timer",
    qualifier: "LATEST",
    triggerConfig: JSON.stringify({ cronExpression, payload, enable: true }),
  })),
];
