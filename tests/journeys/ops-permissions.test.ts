import { join } from "node:path";
import { runInspect } from "../../cli/inspect/run-inspect.ts";
import { localBucket, localRegion, localStateBucket } from "../../cli/local/deployed-locally.ts";
import { runBackfill } from "../../cli/ops/run-backfill.ts";
import { runCancel } from "../../cli/ops/run-cancel.ts";
import { runDoctor } from "../../cli/ops/run-doctor.ts";
import { runExplain } from "../../cli/ops/run-explain.ts";
import { runReplay } from "../../cli/ops/run-replay.ts";
import { runStatus } from "../../cli/ops/run-status.ts";
import { runPlan } from "../../cli/plan/run-plan.ts";
import { policiesInFolder } from "../../local/fc/role-policies.ts";
import { imageImportRole, imageImportRoleName } from "../../local/ram/roles.ts";
import { matchesWildcard } from "../../local/ram/wildcard.ts";
import type { PermissionQuestion } from "../../local/wire/identities.ts";
import { systemClock } from "../../shared/clock.ts";
import { putUnseen, said, url } from "./operator.ts";
import { type Product, packageRoot, qcow2, raw, startProduct } from "./product.ts";

const image = (marker: number): Buffer => qcow2(64 * 2 ** 20, marker);
const listed = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

describe("ram/operator-policy.json, over all that the operator's commands ever do", () => {
  let product: Product;
  let environment: Record<string, string>;
  const questions: PermissionQuestion[] = [];
  const policy = () =>
    policiesInFolder(join(packageRoot, "ram"), {
      region: localRegion,
      accountId: product.cloud.account.accountId,
      bucket: localBucket,
      stateBucket: localStateBucket,
    })("operator");

  beforeAll(async () => {
    product = await startProduct({
      // Whether tags at the import need a permission of their own is unpublished: suppose they do.
      ecsSettings: { importTagsNeedPermission: true, importSeconds: 3600 },
      onPermissionQuestion: (role, question) => {
        if (role === "operator") questions.push(question);
      },
    });
    const { cloud } = product;
    const { accountId } = cloud.account;
    const session = cloud.identities.issueSession({
      roleName: "operator",
      accountId,
      policies: policy(),
      seconds: 3600,
      now: systemClock.now(),
    });
    environment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: session.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: session.accessKeySecret,
      ALIBABA_CLOUD_SECURITY_TOKEN: session.securityToken ?? "",
      IMAGE_BUCKET: localBucket,
      STATE_BUCKET: localStateBucket,
      OSS_ENDPOINT: cloud.endpoints.oss,
      ECS_ENDPOINT: cloud.endpoints.ecs,
      FC_ENDPOINT: cloud.endpoints.fc ?? "",
    };
  });
  afterAll(() => product.close());

  /** What the policy grants and no command has asked for. */
  const unused = () =>
    policy()
      .flatMap(({ Statement }) =>
        Statement.flatMap(({ Action, Resource }) =>
          listed(Action).flatMap((action) => listed(Resource).map((resource) => ({ action, resource }))),
        ),
      )
      .filter(
        ({ action, resource }) =>
          !questions.some((asked) => asked.action === action && matchesWildcard(resource, asked.resource)),
      )
      .map(({ action, resource }) => `${action} ${resource.replace(/^acs:(\w+:)[^:]*:[^:]*:/, "$1")}`);

  const json = { json: true };
  const replay = (...keys: string[]) => said((output) => runReplay(keys.map(url), json, environment, output));
  const cancel = (key: string) => said((output) => runCancel(url(key), json, environment, output));
  const explain = (key: string) => said((output) => runExplain(url(key), json, environment, output));

  it("lets all of them do their work", async () => {
    // Nothing of this is seen by the functions: only the operator acts.
    await putUnseen(product, {
      "old/a.raw": raw(1, 1),
      "old/set.qcow2": image(2),
      "old/data.raw": raw(1, 3),
      "old/set.qcow2.import.yaml": "disks:\n  - {}\n  - ossObject: data.raw\n",
    });
    const inspected = await said((output) =>
      runInspect(url("old/a.raw"), { ...json, depth: "full" }, environment, output),
    );
    expect(inspected.code).toBe(0);
    const planned = await said((output) => runPlan(url("old/a.raw"), { ...json, dryRun: true }, environment, output));
    expect(planned.code).toBe(0);
    const backfilled = await said((output) =>
      runBackfill(url("old/"), { ...json, yes: true, parallel: 2 }, environment, output),
    );
    expect(backfilled.code).toBe(0);
    const status = await said((output) =>
      runStatus(undefined, { ...json, all: true, watch: false }, environment, output, Promise.resolve()),
    );
    expect(JSON.parse(status.out).jobs).toHaveLength(2);
    expect(JSON.parse((await explain("old/a.raw")).out).jobs[0].task).toContain("Processing");
    expect(await cancel("old/a.raw")).toMatchObject({ code: 0 });

    // A disk that belongs to no set any more is forgotten.
    await putUnseen(product, { "old/set.qcow2.import.yaml": "{}\n" });
    expect(await replay("old/data.raw")).toMatchObject({ code: 0 });

    product.cloud.roles.clear();
    await product.upload("parked.qcow2", image(4));
    await product.settle();
    product.cloud.roles.set(imageImportRoleName, imageImportRole);
    expect(await replay("parked.qcow2")).toMatchObject({ code: 0 });

    // The answer of ImportImage is lost: whoever cancels has to look for what it started.
    let answer: { code: number } | undefined;
    product.cloud.faults.plan = ({ operation }) =>
      answer || operation !== "ImportImage"
        ? undefined
        : {
            kind: "act-after",
            act: async () => {
              answer ??= await cancel("lost.qcow2");
              product.cloud.fc?.kill("image-import");
            },
          };
    await product.upload("lost.qcow2", image(5));
    await product.settle();
    product.cloud.faults.plan = undefined;
    expect(answer?.code).toBe(0);
    expect(questions.filter(({ decision }) => decision !== "Allow")).toEqual([]);
  });

  it("grants nothing that only doctor tries, but for looking at the account", () => {
    expect(unused()).toEqual([
      "fc:GetFunction fc:functions/image-import-report",
      "fc:GetFunctionAsyncInvokeConfig fc:functions/image-import",
      "fc:ListTriggers fc:functions/image-import/*",
      "fc:ListTriggers fc:functions/image-import-report/*",
    ]);
  });

  it("lets doctor find that all is well, as often as it is asked, and then has nothing left over", async () => {
    for (let times = 0; times < 2; times += 1) {
      const { code, out } = await said((output) => runDoctor(undefined, json, environment, output));
      expect(JSON.parse(out).checks.filter(({ outcome }: { outcome: string }) => outcome !== "ok")).toEqual([]);
      expect(code).toBe(0);
    }
    expect(questions.filter(({ decision }) => decision !== "Allow")).toEqual([]);
    expect(unused()).toEqual([]);
  });
});
