/**
 * The embedded ECS: image imports over the real protocol (API 2014-05-26), on 127.0.0.1, in memory.
 *
 * It serves the operations of `operations.ts`, with ACS3-HMAC-SHA256 and the older RPC signature (HMAC-SHA1, GET and
 * POST), long-lived keys and session tokens, JSON and XML. Order of checks: size and form of the request, action and
 * version, authentication (`authentication.ts`), faults, scripted refusals, rate, RAM policy, parameters that every
 * operation has, then the operation's own (`operations/`). Time is the clock's alone: tasks, checks and tokens
 * follow it, and nothing runs in the background.
 *
 * Gaps:
 * - No instances, snapshots, sharing, copies or export; those actions are refused by name.
 * - Of an image only the container's header is read. The image check reports good values unless risks are scripted.
 * - A parameter that the real operation does not have is ignored, as ECS does. A parameter that it has and that would
 *   change the answer is refused by name when it is not supported.
 * - A cancelled import does not let waiting ones start earlier. RAM conditions are not evaluated.
 *
 * Assumptions, where nothing is published; those with a setting are marked (S):
 * - ImportImage checks in this order: account, plain parameters, parameters together, tags, disks, resource group,
 *   CloudBox, role, each object with its container, name, quota, dry run. A name counts as taken unless its image is
 *   CreateFailed; while that image is being imported the code is ImageIsImporting.
 * - Object suffixes .raw .img .vhd .qcow2 .vmdk, without regard to case; an object without a suffix is refused.
 * - A bucket of another region is InvalidOSSBucket.NotFound (as its message reads), one of another account NotMatched.
 * - A role that is missing, does not trust ECS or lacks an action altogether is NoSetRoletoECSServiceAcount (S); one
 *   that has the actions, but not on this object, is InvalidOSS.NotAuthorized.
 * - A declared format that the container contradicts fails the task at 5 % with ParameterInvalid. The VHD rule and sizes
 *   are checked at once. A declared disk size must cover the virtual size.
 * - An image without ImageName is named by its id. LicenseType may be left out for Windows.
 * - Waiting precedes Processing. A cancelled task is `Deleted` (S) and its image gone (S).
 * - A ClientToken is remembered for 24 hours (S), after success only; a dry run does not use it.
 * - Tasks and images are listed newest first. A page size above 100 is InvalidParameter.
 * - A timestamp in the past is InvalidTimeStamp.Expired, one in the future IllegalTimestamp, beyond 15 minutes.
 * - A vendor's typing slip is kept: `NoSetRoletoECSServiceAcount`.
 *
 * Client quirks:
 * - The official client sends every parameter in the query of a POST with an empty body, leaves `!'()*` raw there and
 *   signs them escaped. It signs `x-acs-credentials-provider`: whatever SignedHeaders lists is verified.
 * - `SupportCancel` is a string in the answers that it reads; a list that is no array makes it throw.
 * - RPC v1 without Format gets XML, as from ECS.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import { decideFor } from "../ram/authorization.ts";
import type { Roles } from "../ram/roles.ts";
import type { Faults } from "../wire/faults.ts";
import { type HttpService, readBody, startHttpService, withFaults } from "../wire/http-service.ts";
import type { Identities, Identity } from "../wire/identities.ts";
import type { ObjectLookup } from "../wire/object-lookup.ts";
import { authenticate, type Nonces } from "./authentication.ts";
import { type ClientTokens, withClientToken } from "./client-tokens.ts";
import type { EcsCloud } from "./cloud.ts";
import { type EcsErrorCode, forbidden, isRefusal, type Refusal, refuse } from "./errors.ts";
import type { EcsOperation, Outcome } from "./operation.ts";
import { isEcsOperation, operations, unsupportedActions } from "./operations.ts";
import { flag, text } from "./parameters.ts";
import { toReply } from "./reply.ts";
import { askedFor, type ParsedRequest, parseRequest, wantsXml } from "./request.ts";
import { defaultSettings, type EcsSettings, type ImportMatch, type ImportOutcome, takeFirst } from "./settings.ts";
import { type EcsSnapshot, takeSnapshot } from "./snapshot.ts";
import { type CallCounts, throttle } from "./throttle.ts";

export interface EcsServerOptions {
  readonly clock: Clock;
  /**
   * The clock that callers date and sign their requests by; `clock` when absent. Give the machine's where a test turns
   * `clock` ahead, or the official clients, which know no other, are refused for their timestamps.
   */
  readonly signingClock?: Clock;
  readonly identities: Identities;
  readonly faults: Faults;
  readonly objects: ObjectLookup;
  /** The roles of the account; `preparedRoles()` has the one for imports. */
  readonly roles: Roles;
  readonly region: string;
  readonly accountId: string;
  readonly settings?: Partial<EcsSettings>;
}

export interface EcsServer {
  /** Starts to listen on 127.0.0.1; port 0 takes any. */
  listen(port: number): Promise<{ readonly port: number }>;
  close(): Promise<void>;
  /** Changes take effect at once. */
  readonly settings: EcsSettings;
  /** The next request of this operation is refused with this code. Several are used up in their order. */
  failNext(operation: EcsOperation, code: EcsErrorCode): void;
  /** The next import that fits ends like this. */
  scriptImport(match: ImportMatch, outcome: ImportOutcome): void;
  /** Tasks and images as they stand now, oldest first. */
  snapshot(): EcsSnapshot;
}

const apiVersion = "2014-05-26";
const largestBodyInBytes = 64 * 1024;

export const createEcsServer = (options: EcsServerOptions): EcsServer => {
  const cloud: EcsCloud = {
    tasks: new Map(),
    images: new Map(),
    settings: { ...defaultSettings(options.region), ...options.settings },
    scripts: { refusals: [], outcomes: [] },
    roles: options.roles,
    objects: options.objects,
    accountId: options.accountId,
  };
  const endpoint = createEndpoint(options, cloud);
  let service: HttpService | undefined;
  return {
    listen: async (port) => {
      service = await startHttpService({ port, clock: options.clock, ...endpoint });
      return { port: service.port };
    },
    close: async () => service?.close(),
    settings: cloud.settings,
    failNext: (operation, code) => void cloud.scripts.refusals.push({ operation, code }),
    scriptImport: (match, outcome) => void cloud.scripts.outcomes.push({ match, outcome }),
    snapshot: () => takeSnapshot(cloud, options.clock.now().getTime()),
  };
};

type Endpoint = Pick<Parameters<typeof startHttpService>[0], "handle" | "internalError">;

const createEndpoint = (options: EcsServerOptions, cloud: EcsCloud): Endpoint => {
  const { clock, signingClock = clock, identities, faults, region, accountId } = options;
  const nonces: Nonces = new Map();
  const tokens: ClientTokens = new Map();
  const counts: CallCounts = new Map();
  const form = (action: string, xml: boolean) => ({
    requestId: randomUUID().toUpperCase(),
    hostId: `ecs.${region}.aliyuncs.com`,
    action,
    xml,
  });

  const run = async (operation: EcsOperation, request: ParsedRequest, caller: Identity): Promise<Outcome> => {
    const { parameters } = request;
    const now = clock.now().getTime();
    const { handle, requires, refuses, resource } = operations[operation];
    const { settings, scripts } = cloud;
    const scripted = takeFirst(scripts.refusals, (script) => script.operation === operation);
    if (scripted !== undefined) return refuse(scripted.code);
    const limit = settings.requestsPerSecond[operation] ?? Number.POSITIVE_INFINITY;
    const asked = text(parameters, "RegionId") ?? region;
    const refusal =
      throttle(counts, operation, limit, now) ??
      checkPermission(caller, operation, resource(parameters), `acs:ecs:${asked}:${accountId}`) ??
      checkPresence(parameters, requires, refuses);
    if (refusal !== undefined) return refusal;
    if (!settings.regions.includes(asked)) return refuse("InvalidRegionId.NotFound");
    const call = { parameters, region: asked, now, caller, cloud };
    const token = operation === "ImportImage" && !flag(parameters, "DryRun") && text(parameters, "ClientToken");
    if (!token) return handle(call);
    const time = { now, lifetimeInSeconds: settings.clientTokenSeconds };
    return withClientToken(tokens, { owner: accountId, token, parameters }, time, async () => handle(call));
  };

  return {
    handle: async (message) => {
      const body = await readBody(message, largestBodyInBytes);
      if (body === undefined) return toReply(refuse("RequestTooLarge"), form("", false));
      const { method = "GET", url = "/", headers } = message;
      const request = parseRequest({ method, url, headers, body });
      if (isRefusal(request)) return toReply(request, form("", false));
      const { action, version } = askedFor(request);
      const xml = wantsXml(request);
      const reply = (outcome: Outcome) => toReply(outcome, form(action, xml));
      if (unsupportedActions.includes(action)) return reply(refuse("UnsupportedOperation", action));
      if (!isEcsOperation(action) || request.path !== "/") return reply(refuse("InvalidAction.NotFound"));
      if (version !== apiVersion) return reply(refuse("NoSuchVersion"));
      const caller = authenticate(request, { identities, nonces, now: clock.now(), signingNow: signingClock.now() });
      if (isRefusal(caller)) return reply(caller);
      const { accessKeyId } = caller;
      const parameters = Object.fromEntries(request.parameters);
      const seen = { service: "ecs", operation: action, accessKeyId, parameters } as const;
      return withFaults(faults, seen, {
        refuse: (fault) => reply(fault),
        expired: () => reply(refuse("InvalidSecurityToken.Expired")),
        process: async () => reply(await run(action, request, caller)),
      });
    },
    internalError: () => toReply(refuse("InternalError"), form("", false)),
  };
};

const checkPermission = (
  caller: Identity,
  operation: EcsOperation,
  resource: string,
  prefix: string,
): Refusal | undefined => {
  const action = `ecs:${operation}`;
  const decision = decideFor(caller, action, resource === "*" ? "*" : `${prefix}:${resource}`);
  return decision === "Allow" ? undefined : forbidden(action, decision);
};

const checkPresence = (
  parameters: ParsedRequest["parameters"],
  requires: readonly string[],
  refuses: readonly string[],
): Refusal | undefined => {
  const missing = requires.find((name) => text(parameters, name) === undefined);
  if (missing !== undefined) return refuse("MissingParameter", missing);
  const unsupported = refuses.find((name) => text(parameters, name) !== undefined);
  return unsupported === undefined ? undefined : refuse("UnsupportedOperation", `the parameter ${unsupported}`);
};
