import { join } from "node:path";
import { localBucket, localRegion, localStateBucket } from "../../cli/local/deployed-locally.ts";
import { policiesInFolder } from "../../local/fc/role-policies.ts";
import { imageImportRole, imageImportRoleName } from "../../local/ram/roles.ts";
import { matchesWildcard } from "../../local/ram/wildcard.ts";
import type { PermissionQuestion } from "../../local/wire/identities.ts";
import { eventOf, type Product, packageRoot, qcow2, raw } from "./product.ts";
import { startWithDeletions } from "./with-deletions.ts";

/** What Function Compute itself does with a function's role; no code of ours asks for it. */
const usedByFunctionCompute: ReadonlySet<string> = new Set(["log:PostLogStoreLogs", "mns:SendMessage"]);

interface Grant {
  readonly action: string;
  readonly resource: string;
}

const listed = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

describe("the shipped policies, over all that the functions ever do", () => {
  let product: Product;
  const questions = new Map<string, PermissionQuestion[]>();

  const grantsOf = (role: string): readonly Grant[] => {
    const names = {
      region: localRegion,
      accountId: product.cloud.account.accountId,
      bucket: localBucket,
      stateBucket: localStateBucket,
    };
    const policies = policiesInFolder(join(packageRoot, "ram"), {
      ...names,
      logProject: "local",
      logStore: "local",
      failureQueue: "local",
    })(role);
    return policies.flatMap(({ Statement }) =>
      Statement.flatMap(({ Action, Resource }) =>
        listed(Action).flatMap((action) => listed(Resource).map((resource) => ({ action, resource }))),
      ),
    );
  };

  beforeAll(async () => {
    product = await startWithDeletions({
      // Whether tags at the import need a permission of their own is unpublished: suppose they do.
      ecsSettings: { importTagsNeedPermission: true, importSeconds: 0.2, detectionSeconds: 0.1 },
      onPermissionQuestion: (role, question) => questions.set(role, [...(questions.get(role) ?? []), question]),
    });
    await allFlows(product);
  });
  afterAll(() => product.close());

  it.each(["image-import-function", "image-import-report"])("%s is never refused anything", (role) => {
    const asked = questions.get(role) ?? [];
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter(({ decision }) => decision !== "Allow")).toEqual([]);
  });

  it.each(["image-import-function", "image-import-report"])("%s is granted nothing that it does not use", (role) => {
    const asked = questions.get(role) ?? [];
    const unused = grantsOf(role).filter(
      ({ action, resource }) =>
        !usedByFunctionCompute.has(action) &&
        !asked.some((question) => question.action === action && matchesWildcard(resource, question.resource)),
    );
    expect(unused).toEqual([]);
  });

  it("every flow left its line", () => {
    const events = new Set(product.lines.map(({ event }) => event));
    for (const event of [
      "object.ignored",
      "object.waiting",
      "object.gone",
      "manifest.invalid",
      "image.inspected",
      "image.rejected",
      "import.duplicate",
      "import.submitted",
      "import.parked",
      "import.available",
      "import.failed",
      "import.cancelled",
      "import.repaired",
      "tick.summary",
    ])
      expect([event, events.has(event)]).toEqual([event, true]);
  });
});

async function allFlows(product: Product): Promise<void> {
  const { cloud } = product;
  const image = (marker: number): Buffer => qcow2(64 * 2 ** 20, marker);
  const putAll = async (objects: Record<string, Buffer | string>): Promise<void> => {
    for (const [key, content] of Object.entries(objects)) await product.upload(key, content);
    await product.settle();
  };
  await putAll({
    "image-import.yaml":
      "version: 1\ncancelOnDelete: true\nrules:\n  - { match: 'strict/**', requireManifest: true }\n",
  });
  await putAll({
    "plain.qcow2": image(1),
    "notes.txt": "x",
    "bad.qcow2": "this is not an image",
    "wrong.raw.import.yaml": "osTpe: linux\n",
    "wrong.raw": raw(1, 2),
    "set.qcow2.import.yaml": "detectionStrategy: Standard\ndisks:\n  - {}\n  - ossObject: data.raw\n",
    "set.qcow2": image(3),
    "strict/waits.raw": raw(1, 4),
  });
  await putAll({ "data.raw": raw(1, 5), "strict/waits.raw.import.yaml": "imageName: strict-one\n" });
  await product.untilEnded();
  await putAll({ "plain.qcow2": image(1) });
  await putAll({ "plain.qcow2.import.yaml": "imageName: plain-again\n" });
  // A data disk that belongs to no set any more.
  await putAll({ "set.qcow2.import.yaml": "{}\n", "data.raw": raw(1, 6) });
  await product.untilEnded();

  // The account is not ready: parked, and gone on with by the tick.
  cloud.roles.clear();
  await putAll({ "parked.qcow2": image(7), "parked-and-deleted.qcow2": image(8) });
  await product.bucket.delete("parked-and-deleted.qcow2");
  await product.settle();
  cloud.roles.set(imageImportRoleName, imageImportRole);

  // The answer of ImportImage is lost with the function's process: FC's retry looks for what it started.
  let isFirst = true;
  cloud.faults.plan = ({ operation }) => {
    if (!isFirst || operation !== "ImportImage") return undefined;
    isFirst = false;
    return { kind: "act-after", act: () => void cloud.fc?.kill("image-import") };
  };
  await putAll({ "lost.qcow2": image(9) });
  cloud.faults.plan = undefined;

  cloud.ecs.scriptImport({ key: "fails.qcow2" }, { kind: "fails", errorCode: "X", errorMsg: "x", atProgress: 5 });
  await putAll({ "fails.qcow2": image(10) });
  await product.untilEnded();

  cloud.ecs.settings.importSeconds = 3600;
  await putAll({ "cancelled.qcow2": image(11) });
  await product.bucket.delete("cancelled.qcow2");
  await product.settle();
  await product.tick();
  cloud.ecs.settings.importSeconds = 0.2;
  cloud.fc?.deliverOssEvent(eventOf(product, "never-there.raw"));
  await putAll({ "strict/still-waits.raw": raw(1, 12) });

  // A disk that waits, and that a set named for a while: the tick forgets that.
  await putAll({ "strict/member.raw": raw(1, 14) });
  await putAll({ "strict/set.qcow2.import.yaml": "disks:\n  - {}\n  - ossObject: member.raw\n" });
  await putAll({ "strict/set.qcow2.import.yaml": "{}\n" });

  // What waits and what is parked is looked at by the tick once it is due.
  cloud.roles.clear();
  await putAll({ "retried.qcow2": image(13) });
  cloud.roles.set(imageImportRoleName, imageImportRole);
  await makeDue(product);
  await product.untilEnded();
}

/** Turns every index entry into one whose time has come, as an hour of waiting would. */
async function makeDue({ stateBucket }: Product): Promise<void> {
  const page = await stateBucket.listV2({ prefix: "open/", "max-keys": "100" });
  for (const { name } of page.objects ?? []) {
    const due = name.replace(/\.\d+(\.\d(?:\.[0-9a-f]{8})?)$/, ".0$1");
    if (due === name) continue;
    await stateBucket.put(due, Buffer.from(""));
    await stateBucket.delete(name);
  }
}
