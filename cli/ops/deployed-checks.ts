/** What is really deployed, against what s.yaml says and the operator asks about. */
import type { DeployedTrigger } from "../../shared/cloud/ports.ts";
import { shellQuoted } from "../../shared/importing/shell-quoted.ts";
import { type Check, covers, ok, problem, removalEvents, type Setup, warning } from "./checks.ts";
import type { FunctionFound } from "./deployment.ts";

const deployIn = ({ bucket, stateBucket, region }: Setup): string =>
  `IMPORT_REGION=${region} IMPORT_BUCKET=${bucket} IMPORT_STATE_BUCKET=${stateBucket} npm run deploy`;

const redeployOrLeave = "npm run deploy, with the variables of .env set; or leave it, if it is meant so";

/** Pure: the functions with their environment, the OSS trigger, what becomes of its failed events, the timer. */
export function deployedChecks(found: readonly FunctionFound[], setup: Setup): readonly Check[] {
  return found.flatMap((one) => {
    const { expected, deployed } = one;
    const own = functionCheck(one, setup);
    if (!deployed) return [own];
    return [
      own,
      ...(expected.ossTriggers.length > 0 ? uploadChecks(one, setup) : []),
      ...(expected.ossTriggers.length > 0 && expected.asyncInvocation.isSet ? [failedEventsCheck(one, setup)] : []),
      ...(expected.timerTriggers.length > 0 ? [timerCheck(one)] : []),
    ];
  });
}

function functionCheck({ expected, deployed }: FunctionFound, setup: Setup): Check {
  const name = "function";
  const { region, bucket, stateBucket } = setup;
  if (!deployed)
    return problem(
      name,
      `Function Compute has no function ${expected.name} in ${region}: ${expected.ossTriggers.length > 0 ? "uploads go unseen" : "nobody reports what becomes of imports"}.`,
      `${deployIn(setup)}   # docs/deploy.md goes through it`,
    );
  const { environment, arn, state, lastUpdate, trouble, role, runtime, handler, timeoutInSeconds } = deployed;
  if (state === "Failed" || lastUpdate === "Failed")
    return problem(
      name,
      `${expected.name} is not fit to run: its ${state === "Failed" ? "state" : "last update"} is Failed${trouble ? `, ${trouble}` : ""}.`,
      "npm run deploy",
    );
  const itsRegion = arn?.split(":")[2] || region;
  const itsBucket = environment.get("IMAGE_BUCKET");
  const itsState = environment.get("STATE_BUCKET");
  const strange = [
    itsRegion === region ? "" : `runs in ${itsRegion}, not in ${region}`,
    itsBucket === bucket ? "" : `has IMAGE_BUCKET=${itsBucket ?? ""}, not ${bucket}`,
    itsState === stateBucket ? "" : `has STATE_BUCKET=${itsState ?? ""}, not ${stateBucket}`,
  ].filter((text) => text !== "");
  if (strange.length > 0) {
    const askedAbout = itsBucket && itsState ? `${shellQuoted(`oss://${itsBucket}`)} --state-bucket ${itsState}` : "";
    return problem(
      name,
      `${expected.name} ${strange.join(", and ")}: it works on another import than you ask about.`,
      `${deployIn(setup)}${askedAbout ? `   # or ask about what is deployed: oss-image-import doctor ${askedAbout}` : ""}`,
    );
  }
  if (role === undefined && expected.roleName !== undefined)
    return problem(
      name,
      `${expected.name} has no role, and so may do nothing.`,
      `Make the role ${expected.roleName} (docs/deploy.md), then: npm run deploy`,
    );
  const differences = [
    ["runtime", runtime, expected.runtime],
    ["handler", handler, expected.handler],
    ["timeout", timeoutInSeconds, expected.timeoutInSeconds],
    ["role", role?.slice(role.lastIndexOf("/") + 1), expected.roleName],
  ].filter(([, is, said]) => is !== undefined && is !== said);
  if (differences.length > 0)
    return warning(
      name,
      `${expected.name} is deployed otherwise than s.yaml says it now: ${differences.map(([what, is, said]) => `${what} is ${JSON.stringify(is)}, not ${JSON.stringify(said)}`).join("; ")}.`,
      redeployOrLeave,
    );
  return ok(name, `${expected.name} is deployed in ${region}, for ${bucket} and ${stateBucket}.`);
}

/** `acs:oss:<region>:<account>:<bucket>`; a name of its own has no colon. */
const bucketOf = ({ sourceArn = "" }: DeployedTrigger): string => sourceArn.slice(sourceArn.lastIndexOf(":") + 1);

function uploadChecks({ expected, deployed, triggers }: FunctionFound, setup: Setup): readonly Check[] {
  const name = "trigger";
  const { bucket, wantsDeletions } = setup;
  const deploy = deployIn(setup);
  const ofOss = triggers.filter(({ type }) => type === "oss");
  const onBucket = ofOss.filter((trigger) => bucketOf(trigger) === bucket);
  const [trigger] = [...onBucket].sort((a, b) => Number(b.enabled) - Number(a.enabled));
  if (!trigger) {
    const bridge = triggers.find(({ type }) => type === "eventbridge");
    if (bridge)
      return [
        warning(
          name,
          `${expected.name} has no OSS trigger, but one of EventBridge (${bridge.name}), whose rule is not looked at here.`,
          "Upload a file and see whether the function's log has a line about it.",
        ),
      ];
    const others = ofOss.map(bucketOf).join(", ");
    return [
      problem(
        name,
        `${expected.name} has no OSS trigger${others ? ` but on ${others}` : ""}: uploads to ${bucket} go unseen.`,
        deploy,
      ),
    ];
  }
  if (!trigger.enabled)
    return [
      problem(name, `The trigger ${trigger.name} of ${expected.name} is switched off: uploads go unseen.`, deploy),
    ];
  const wanted = expected.ossTriggers.flatMap(({ events }) => events);
  const missing = wanted.filter((event) => !covers(trigger.events, event));
  const missed = missing.filter((event) => event.startsWith("oss:ObjectCreated:"));
  const imagePrefix = deployed?.environment.get("IMAGE_PREFIX") ?? "";
  const gaps = [
    missed.length > 0 ? `it lacks ${missed.join(", ")}` : "",
    imagePrefix.startsWith(trigger.prefix)
      ? ""
      : `it sees only keys that begin with ${JSON.stringify(trigger.prefix)}, and the function is set up for ${imagePrefix === "" ? "all" : JSON.stringify(imagePrefix)}`,
    trigger.suffix === "" ? "" : `it sees only keys that end with ${JSON.stringify(trigger.suffix)}, exactly so`,
    (trigger.qualifier ?? "LATEST") === "LATEST" ? "" : `it runs the version ${trigger.qualifier}, not the latest`,
  ].filter((text) => text !== "");
  return [
    gaps.length > 0
      ? problem(name, `The trigger ${trigger.name} of ${expected.name} misses uploads: ${gaps.join("; ")}.`, deploy)
      : ok(name, `${trigger.name} sends uploads to ${bucket}/${trigger.prefix}* to ${expected.name}.`),
    ...(wantsDeletions && !removalEvents.every((event) => covers(trigger.events, event))
      ? [
          problem(
            "deletion events",
            "The bucket manifest says `cancelOnDelete: true`, but the deployed trigger has no deletion events.",
            `Take the comment signs off ${removalEvents.join(" and ")} in s.yaml, then: ${deploy}`,
          ),
        ]
      : []),
  ];
}

/** How often Function Compute hands over an upload's event again, and where the event goes when that was in vain. */
function failedEventsCheck({ expected, deployed, asyncInvocation: found }: FunctionFound, setup: Setup): Check {
  const name = "failed events";
  const { retryAttempts, maximumAgeInSeconds, onFailure } = expected.asyncInvocation;
  // Whoever asks may not know the account's number; the function does.
  const account = deployed?.arn?.split(":")[3];
  const destination = onFailure
    ?.split(":")
    .map((part, index) => (index === 3 ? (account ?? part) : part))
    .join(":");
  const differences = [
    ["maxAsyncRetryAttempts", found.retryAttempts, retryAttempts],
    ["maxAsyncEventAgeInSeconds", found.maximumAgeInSeconds, maximumAgeInSeconds],
    ["the destination onFailure", found.onFailure, destination],
  ].filter(([, is, said]) => is !== said);
  if (differences.length === 0)
    return ok(
      name,
      `What ${expected.name} fails on is tried ${retryAttempts} times more, for ${maximumAgeInSeconds} seconds at most, then ${destination ? `sent to ${destination}` : "dropped"}.`,
    );
  const isDropped = destination !== undefined && found.onFailure === undefined;
  return warning(
    name,
    `${expected.name} is deployed otherwise than s.yaml says it now: ${differences.map(([what, is, said]) => `${what} is ${is ?? "not set"}, not ${said ?? "unset"}`).join("; ")}.${isDropped ? " An upload that fails for good is dropped without a word." : ""}`,
    isDropped ? deployIn(setup) : redeployOrLeave,
  );
}

function timerCheck({ expected, triggers }: FunctionFound): Check {
  const name = "timer";
  const nobody = "nobody reports what becomes of imports";
  const timers = triggers.filter(({ type }) => type === "timer");
  const [timer] = [...timers].sort((a, b) => Number(b.enabled) - Number(a.enabled));
  if (!timer) return problem(name, `${expected.name} has no timer: ${nobody}.`, "npm run deploy");
  if (!timer.enabled)
    return problem(name, `The timer ${timer.name} of ${expected.name} is switched off: ${nobody}.`, "npm run deploy");
  const said = expected.timerTriggers[0]?.cronExpression;
  return timer.schedule === said
    ? ok(name, `${timer.name} runs ${expected.name}: ${timer.schedule}.`)
    : warning(
        name,
        `${timer.name} runs ${expected.name} ${timer.schedule ?? "at times that are not told"}, where s.yaml says ${said}.`,
        "npm run deploy; or leave it, if it is meant so",
      );
}
