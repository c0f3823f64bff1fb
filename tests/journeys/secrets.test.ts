import { imageImportRole, imageImportRoleName } from "../../local/ram/roles.ts";
import type { Identity } from "../../local/wire/identities.ts";
import { eventOf, type Product, qcow2, raw, startProduct } from "./product.ts";

describe("what the functions write, at the most talkative log level", () => {
  let product: Product;
  const sessions: Identity[] = [];

  beforeAll(async () => {
    product = await startProduct({ logLevel: "debug" });
    const { identities } = product.cloud;
    const issue = identities.issueSession;
    identities.issueSession = (options) => {
      const session = issue(options);
      sessions.push(session);
      return session;
    };
    await everythingThatIsTalkedAbout(product);
  });
  afterAll(() => product.close());

  const secrets = (): readonly string[] => [
    product.cloud.account.accessKeySecret,
    ...sessions.flatMap(({ accessKeyId, accessKeySecret, securityToken = "" }) => [
      accessKeyId,
      accessKeySecret,
      securityToken,
    ]),
  ];
  const leakedIn = (text: string): readonly string[] =>
    secrets().filter((secret) => secret !== "" && (text.includes(secret) || text.includes(encodeURIComponent(secret))));

  it("has no key, secret, token or signature in any line", () => {
    expect(sessions.length).toBeGreaterThan(5);
    expect(product.output.length).toBeGreaterThan(30);
    for (const line of product.output) {
      expect(leakedIn(line)).toEqual([]);
      expect(line).not.toMatch(/signature=|authorization:|x-oss-security-token|x-acs-security-token: *\S/i);
    }
  });

  it("said what the cloud had answered, all the same", () => {
    const said = product.output.join("\n");
    expect(said).toContain("SignatureDoesNotMatch");
    expect(said).toContain("server string to sign is");
  });

  it("has none in the ledger", async () => {
    const page = await product.stateBucket.listV2({ "max-keys": "1000" });
    expect(page.objects.length).toBeGreaterThan(30);
    for (const { name } of page.objects) {
      expect(leakedIn(name)).toEqual([]);
      expect(leakedIn(String((await product.stateBucket.get(name)).content))).toEqual([]);
    }
  });

  it("has none in any status file", async () => {
    for (const key of ["good.qcow2", "bad.qcow2", "wrong.raw", "parked.raw", "refused.raw", ...hostileKeys])
      expect(leakedIn(JSON.stringify(await product.statusOf(key)))).toEqual([]);
  });

  it("has none in what is sent to the failure queue", () => {
    expect(leakedIn(JSON.stringify(product.cloud.fc?.failures))).toEqual([]);
  });

  it("is one JSON object a line with the request's id, whatever keys and metadata hold", () => {
    for (const line of product.output.filter((text) => !/^FC Invoke (Start|End) RequestId: /.test(text))) {
      const parsed = JSON.parse(line);
      expect(parsed.requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(parsed.event).not.toBe("forged");
      // Nothing that a terminal or a log viewer would act on.
      expect([...line].filter((character) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character))).toEqual([]);
    }
  });

  it("names the hostile objects in their own lines", () => {
    for (const key of hostileKeys) expect(product.linesOf(key).length).toBeGreaterThan(0);
  });
});

const forgedLine = '{"time":"2026-01-01T00:00:00.000Z","level":"info","event":"forged","message":"all is well"}';
const hostileKeys = [
  `a.raw\n${forgedLine}\n.raw`,
  "red\u001b[31m\u001b]0;title\u0007.raw",
  "reversed\u202egnp.raw",
  "line\u2028separator\u2029.raw",
  "\u0085\u009b31m.raw",
  'quote","event":"forged","x":".raw',
];

async function everythingThatIsTalkedAbout(product: Product): Promise<void> {
  const { cloud } = product;
  await product.upload("good.qcow2", qcow2());
  await product.upload("bad.qcow2", "no image, whatever it is called");
  await product.upload("wrong.raw.import.yaml", `imageName: [\n\u001b${forgedLine}`);
  await product.upload("wrong.raw", raw(1, 1));
  for (const [index, key] of hostileKeys.entries()) await product.upload(key, raw(1, 10 + index));
  await product.upload("meta.raw", raw(1, 30), {
    "x-oss-meta-import-description": encodeURIComponent(`ok\n${forgedLine}`),
    "x-oss-meta-import-platform": "%1b[31mUbuntu",
  });
  await product.settle();
  for (const [index, key] of hostileKeys.entries())
    cloud.fc?.deliverOssEvent({ ...eventOf(product, `${key}.${index}`) });
  await product.untilEnded();

  cloud.roles.clear();
  await product.upload("parked.raw", raw(1, 31));
  await product.settle();

  // The real services answer a wrong signature with what they signed: with the token that the request carried.
  const tokenOf = (accessKeyId: string | undefined): string =>
    cloud.identities.find(accessKeyId ?? "")?.securityToken ?? "no token";
  const refusing = (service: "ecs" | "oss", operation: string): void => {
    let left = 1;
    cloud.faults.plan = (seen) => {
      if (seen.service !== service || seen.operation !== operation || left === 0) return undefined;
      left -= 1;
      const token = tokenOf(seen.accessKeyId);
      const message = `server string to sign is: POST&SecurityToken=${encodeURIComponent(token)}&x-security-token:${token}`;
      return { kind: "refuse", status: 403, code: "SignatureDoesNotMatch", message };
    };
  };
  refusing("ecs", "ImportImage");
  await product.upload("refused.raw", raw(1, 32));
  await product.settle();
  refusing("oss", "GetObject");
  await product.upload("unread.raw", raw(1, 33));
  await product.settle();
  cloud.roles.set(imageImportRoleName, imageImportRole);
  await product.upload("running.raw", raw(1, 34));
  await product.settle();
  refusing("ecs", "DescribeTasks");
  await product.tick();
  cloud.faults.plan = undefined;
  for (const [operation, kind] of [
    ["ImportImage", "html-502"],
    ["HeadObject", "reset-in-body"],
    ["ImportImage", "expired-credentials"],
  ] as const) {
    let left = 2;
    cloud.faults.plan = (seen) => {
      if (seen.operation !== operation || left === 0) return undefined;
      left -= 1;
      return { kind };
    };
    await product.upload(`fault-${kind}.raw`, raw(1, 40));
    await product.settle();
    cloud.faults.plan = undefined;
  }
  cloud.fc?.deliverOssEvent({ ...eventOf(product, "x.raw"), eventName: forgedLine });
  await product.settle();
  await product.tick();
}
