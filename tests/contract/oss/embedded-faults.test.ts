import type { Fault } from "../../../local/wire/faults.ts";
import { owner } from "./embedded-target.ts";
import { ossOfEachTest } from "./oss-of-each-test.ts";

/** The faults that the embedded OSS can be told to have, as a client meets them. */
const { oss, startAt } = ossOfEachTest();

describe("faults", () => {
  const putWith = async (fault: Fault) => {
    await startAt(new Date());
    await oss.client().put("a", Buffer.from("before"));
    oss.faults.plan = ({ operation, key }) => (operation === "PutObject" && key === "a" ? fault : undefined);
    const failure: unknown = await oss
      .client()
      .put("a", Buffer.from("after!"))
      .then(
        () => undefined,
        (error) => error,
      );
    const { content } = await oss.client().get("a");
    return { failure, content: String(content) };
  };

  it.each([
    [
      "refuses before it does anything",
      { kind: "refuse", status: 503, code: "ServiceUnavailable", message: "Busy" },
      { code: "ServiceUnavailable", status: 503 },
      "before",
    ],
    ["loses an answer after the deed", { kind: "lost-answer" }, { status: -1 }, "after!"],
    ["answers with a gateway's page", { kind: "html-502" }, { status: 502 }, "before"],
    ["resets half-way through an answer", { kind: "reset-in-body" }, { status: -1 }, "after!"],
    ["lets credentials expire", { kind: "expired-credentials" }, { code: "SecurityTokenExpired" }, "before"],
    ["answers late", { kind: "slow", milliseconds: 50 }, undefined, "after!"],
    ["acts before, and drops the request", { kind: "act-before", act: () => {} }, { status: -1 }, "before"],
    ["acts after, and drops the answer", { kind: "act-after", act: () => {} }, { status: -1 }, "after!"],
  ] as const)("%s", async (_, fault, failure, content) => {
    const result = await putWith(fault);
    if (failure === undefined) expect(result.failure).toBeUndefined();
    else expect(result.failure).toMatchObject(failure);
    expect(result.content).toBe(content);
  });

  it("cuts a body short, with and without saying so", async () => {
    await startAt(new Date());
    await oss.client().put("a", Buffer.from("0123456789"));
    oss.faults.plan = () => ({ kind: "truncated-200" });
    expect(String((await oss.client().get("a")).content)).toBe("01234");
    oss.faults.plan = () => ({ kind: "reset-in-body" });
    await expect(oss.client().get("a")).rejects.toMatchObject({ status: expect.any(Number) });
  });

  it("counts every request that reaches an operation", async () => {
    await startAt(new Date());
    const seen: unknown[] = [];
    oss.faults.plan = (request) => {
      seen.push(request);
      return undefined;
    };
    await oss.client().put("a", Buffer.from("x"));
    await oss.client().head("a");
    expect(seen).toEqual([
      {
        service: "oss",
        operation: "PutObject",
        number: 1,
        accessKeyId: owner.accessKeyId,
        bucket: "images-prod",
        key: "a",
      },
      {
        service: "oss",
        operation: "HeadObject",
        number: 2,
        accessKeyId: owner.accessKeyId,
        bucket: "images-prod",
        key: "a",
      },
    ]);
  });
});
