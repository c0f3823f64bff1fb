import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { localBucket } from "../../cli/local/deployed-locally.ts";
import { runBackfill } from "../../cli/ops/run-backfill.ts";
import { runReplay } from "../../cli/ops/run-replay.ts";
import { Unasked } from "../../cli/outcome.ts";
import { connectionFolder, putUnseen, said, url } from "./operator.ts";
import { eventOf, type Product, raw, startProduct } from "./product.ts";

/** OSS takes such keys from clients that send a path as it is; the SDKs and browsers ask for another one. */
const key = "in/../up.raw";

let product: Product;
let local: string;

/** Signs for itself, with OSS's first signature, as no SDK sends this key. */
async function putAsItIs(): Promise<number | undefined> {
  const { endpoints, account } = product.cloud;
  const expires = Math.floor(Date.now() / 1000) + 600;
  const signature = createHmac("sha1", account.accessKeySecret)
    .update(`PUT\n\n\n${expires}\n/${localBucket}/${key}`)
    .digest("base64");
  const query = new URLSearchParams({
    OSSAccessKeyId: account.accessKeyId,
    Expires: String(expires),
    Signature: signature,
  });
  const { hostname, port } = new URL(endpoints.oss);
  const sent = request({ hostname, port, method: "PUT", path: `/${localBucket}/${key}?${query}` });
  sent.end(raw(1));
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

beforeAll(async () => {
  product = await startProduct({ ecsSettings: { importSeconds: 3600 } });
  local = await connectionFolder(product);
  if (product.cloud.fc) product.cloud.fc.deliverOssEvent = () => 0;
  expect(await putAsItIs()).toBe(200);
  await putUnseen(product, { "in/good.raw": raw(1, 2) });
});
afterAll(() => product.close());

describe("a key with a part that is taken out of every address", () => {
  const backfill = (yes: boolean) =>
    said((output) => runBackfill(url("in/"), { local, json: false, yes, parallel: 1 }, {}, output));

  it("is left alone by backfill, and keeps nothing else from being taken in", async () => {
    const shown = await backfill(false);
    expect(shown.out).toContain("1 of 1 would be imported.");
    const done = await backfill(true);
    expect(done.code).toBe(0);
    expect(done.out).toBe("1 image without a job: 1 import.submitted.\n");
  });

  it("is ignored by the function, which says why and what to do", async () => {
    await product.cloud.fc?.invoke("image-import", Buffer.from(JSON.stringify({ events: [eventOf(product, key)] })));
    expect(product.linesOf(key)).toMatchObject([
      {
        event: "object.ignored",
        reason: expect.stringContaining("taken out of every address"),
        advice: "Upload it again under another key.",
      },
    ]);
  });

  it("cannot be asked about by name", async () => {
    const replayed = said((output) => runReplay([url(key)], { local, json: false }, {}, output));
    await expect(replayed).rejects.toThrow(Unasked);
    await expect(replayed).rejects.toThrow(/Upload it again under another key/);
  });
});
