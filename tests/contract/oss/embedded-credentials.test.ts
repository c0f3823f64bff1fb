import { owner, session } from "./embedded-target.ts";
import { ossOfEachTest, start } from "./oss-of-each-test.ts";
import { sendRaw } from "./signed-request.ts";

/** Keys, sessions, time, policies and ACLs; by hand only where no client says it. */
const { oss, startAt, signed } = ossOfEachTest();

describe("credentials and time", () => {
  it("refuses a request whose time is more than 15 minutes off", async () => {
    await startAt();
    const at = (minutes: number) =>
      signed({ path: "/images-prod", date: new Date(start.getTime() + minutes * 60_000) });
    expect((await at(14)).status).toBe(200);
    expect((await at(-14)).status).toBe(200);
    for (const answer of [await at(16), await at(-16)]) {
      expect([answer.status, answer.body]).toEqual([403, expect.stringContaining("<Code>RequestTimeTooSkewed</Code>")]);
    }
  });

  it("shows what it signed when a signature does not match", async () => {
    await startAt();
    const answer = await sendRaw({
      endpoint: oss.endpoint,
      path: "/images-prod/a",
      headers: { date: start.toUTCString(), authorization: `OSS ${owner.accessKeyId}:AAAA` },
    });
    expect(answer.body).toContain("<Code>SignatureDoesNotMatch</Code>");
    expect(answer.body).toContain(`<StringToSign>GET\n\n\n${start.toUTCString()}\n/images-prod/a</StringToSign>`);
  });

  it.each([
    ["in time", {}, undefined],
    ["after it expired", { now: new Date("2026-11-23T12:00:00Z") }, "SecurityTokenExpired"],
    ["with another token", { stsToken: "CAISother" }, "InvalidSecurityToken"],
    ["without its token", { stsToken: undefined }, "InvalidAccessKeyId"],
  ])("takes a session's credentials %s only if they are good", async (_, change, code) => {
    const { now = new Date(), ...more } = change as { now?: Date; stsToken?: string };
    const expiresAt = new Date(now.getTime() + ("now" in change ? -1 : 60_000));
    await startAt(new Date(), { identityList: [{ ...session, expiresAt }] });
    const { accessKeyId, accessKeySecret, securityToken } = session;
    const client = oss.client({
      accessKeyId,
      accessKeySecret,
      stsToken: securityToken ?? "",
      refreshSTSToken: () => Promise.reject(),
      refreshSTSTokenInterval: 1e9,
      ...more,
    } as never);
    const put = client.put("a", Buffer.from("x"));
    if (code === undefined) await expect(put).resolves.toBeDefined();
    else await expect(put).rejects.toMatchObject({ status: 403, code });
  });

  it("takes a pre-signed URL of version 1 and of version 4 until it expires", async () => {
    const clock = await startAt(new Date());
    const client = oss.client();
    await client.put("日本 +", Buffer.from("shared"));
    const host = `images-prod.oss-cn-hangzhou.aliyuncs.com`;
    const named = oss.client({ endpoint: "http://oss-cn-hangzhou.aliyuncs.com", authorizationV4: false });
    const urls = [named.signatureUrl("日本 +", { expires: 600 }), await named.signatureUrlV4("GET", 600, {}, "日本 +")];
    const fetchUrl = (url: string) =>
      sendRaw({ endpoint: oss.endpoint, path: url.slice(url.indexOf("/", 8)), headers: { host } });
    for (const url of urls) expect(await fetchUrl(url)).toMatchObject({ status: 200, body: "shared" });
    clock.set(new Date(Date.parse(clock.now().toISOString()) + 601_000));
    for (const url of urls) {
      expect(await fetchUrl(url)).toMatchObject({ status: 403, body: expect.stringContaining("Request has expired.") });
    }
  });

  it("still answers when it refuses an upload that is under way", async () => {
    await startAt();
    const headers = { date: start.toUTCString(), authorization: `OSS ${owner.accessKeyId}:AAAA` };
    const body = Buffer.alloc(32 * 1024 * 1024, 1);
    const answer = await sendRaw({ endpoint: oss.endpoint, method: "PUT", path: "/images-prod/a", headers, body });
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining("SignatureDoesNotMatch")]);
  });

  it("asks the policies of the caller, and names action and resource", async () => {
    const asked: string[] = [];
    const authorize = (_: unknown, action: string, resource: string) => {
      asked.push(`${action} ${resource}`);
      return action !== "oss:DeleteObject";
    };
    await startAt(new Date(), { authorize });
    const client = oss.client();
    await client.put("a/b", Buffer.from("x"));
    await client.head("a/b");
    await client.listV2({ prefix: "a/", "max-keys": "1" }, {});
    await expect(client.delete("a/b")).rejects.toMatchObject({ status: 403, code: "AccessDenied" });
    await expect(client.deleteMulti(["a/b"])).rejects.toMatchObject({ status: 403, code: "AccessDenied" });
    const account = owner.accountId;
    expect(asked).toEqual([
      `oss:PutObject acs:oss:*:${account}:images-prod/a/b`,
      `oss:GetObject acs:oss:*:${account}:images-prod/a/b`,
      `oss:ListObjects acs:oss:*:${account}:images-prod`,
      `oss:DeleteObject acs:oss:*:${account}:images-prod/a/b`,
      `oss:DeleteObject acs:oss:*:${account}:images-prod/a/b`,
    ]);
  });

  it("lets nobody but the owner into a private bucket, and everybody read a public one", async () => {
    await startAt(new Date());
    await oss.server.createBucket("others", { ownerAccountId: "999" });
    await oss.server.createBucket("public", { acl: "public-read" });
    await oss.client({ bucket: "public" }).put("a", Buffer.from("x"));
    await expect(oss.client({ bucket: "others" }).get("a")).rejects.toMatchObject({ code: "AccessDenied" });
    expect((await sendRaw({ endpoint: oss.endpoint, path: "/public/a" })).status).toBe(200);
    expect((await sendRaw({ endpoint: oss.endpoint, path: "/public?list-type=2" })).status).toBe(403);
    expect((await sendRaw({ endpoint: oss.endpoint, path: "/images-prod/a" })).status).toBe(403);
  });

  it("sends a caller of the wrong region to the right one", async () => {
    await startAt(new Date());
    await oss.server.createBucket("in-beijing", { region: "cn-beijing" });
    await expect(oss.client({ bucket: "in-beijing" }).get("a")).rejects.toMatchObject({
      status: 403,
      code: "AccessDenied",
    });
    const there = oss.client({ bucket: "in-beijing", region: "oss-cn-beijing" });
    expect((await there.getBucketLocation("in-beijing")).location).toBe("oss-cn-beijing");
  });
});
